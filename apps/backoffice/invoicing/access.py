"""Whose invoices a person sees: those of the communities where they have a role. Administrators act."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from apps.backoffice.access import Person, RunView, list_visible_communities, manages
from apps.invoicing.invoices.models import Invoice


def list_visible_invoices(user: Person) -> QuerySet[Invoice]:
    """Without the frozen content: it is large and encrypted, and no page asks for it."""
    return Invoice.objects.filter(issuer__in=list_visible_communities(user)).defer("frozen")


def may_act(user: Person, invoice: Invoice) -> bool:
    return manages(user, invoice.issuer_id)


def of_visible_invoice(*methods: str, acts: bool = False) -> Callable[[RunView], RunView]:
    """A view of one invoice: 404 first whatever the method, then 405, then 403 for who may only look."""

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, invoice_id: int, **named: Any) -> HttpResponseBase:
            rows = list_visible_invoices(request.user).select_related("issuer", "customer", "voids", "replaces", "issued_by")
            invoice = rows.filter(pk=invoice_id).first()
            if invoice is None:
                raise Http404
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if acts and not may_act(request.user, invoice):
                raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
            return view(request, invoice, **named)

        return guarded

    return decorate
