"""Zonal prices from the admin: own CSV or GME's XML, with a preview. Prices serve every community, so changing is not adding."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as say

from apps.accounts.models import User
from apps.backoffice.access import list_managed_communities, only, person
from apps.backoffice.pages import Crumb, show_page
from apps.backoffice.records.held_file import TokenRefused, digest, forget_file, hold_file, take_file
from apps.backoffice.records.import_forms import FileForm
from apps.backoffice.records.price_texts import instant_text, price_text
from apps.settlement.prices import operations
from apps.settlement.prices.operations import PriceImportResult
from apps.settlement.prices.rows import PricesRefused

KIND = "prices"
TEMPLATE = "backoffice/records/import_prices.html"
MOST_SHOWN = 100


@only("GET", "HEAD", "POST")
def import_prices(request: HttpRequest) -> HttpResponse:
    """GET: the choice of a file. POST with a file: the preview. POST with the token of a preview: the import."""
    user = person(request)
    if not user.is_superuser and not list_managed_communities(user).exists():
        raise PermissionDenied(say("Solo un amministratore della comunità può importare."))
    if request.method != "POST":
        return _show(request, form=FileForm())
    if "token" in request.POST:
        return _confirm(request, user, request.POST["token"])
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, form=form, status=400)
    upload = form.cleaned_data["file"]
    return _preview(request, user, upload.name, upload.read())


def _preview(request: HttpRequest, user: User, name: str, content: bytes) -> HttpResponse:
    try:
        result = operations.preview_prices(content=content)
    except PricesRefused as refusal:
        return _show(request, form=FileForm(), file_name=name, faults=refusal.faults, status=422)
    token = hold_file(user=user, kind=KIND, name=name, content=content, shown=_shown(result)) if _may(user, result) else ""
    context: dict[str, Any] = {
        "result": result,
        "changes": [
            {
                "zone": change.zone,
                "starts_at": instant_text(change.starts_at),
                "before": price_text(change.before_eur_per_mwh),
                "after": price_text(change.after_eur_per_mwh),
            }
            for change in result.changes[:MOST_SHOWN]
        ],
        "changes_left": max(0, result.changed - MOST_SHOWN),
        "changes_nothing": not result.new and not result.changed,
    }
    return _show(request, form=FileForm(), file_name=name, token=token, **context)


def _confirm(request: HttpRequest, user: User, token: str) -> HttpResponse:
    try:
        held = take_file(user=user, kind=KIND, token=token)
    except TokenRefused:
        messages.error(request, say("L’anteprima è scaduta. Scegli di nuovo il file."))
        return redirect("admin:settlement_zonalprice_import")
    try:
        with transaction.atomic():
            result = operations.import_prices(content=held.content, file_name=held.name, imported_by=user, as_of=timezone.now())
            as_shown = digest(_shown(result)) == held.shown_sha256 and _may(user, result)
            transaction.set_rollback(not as_shown)
    except PricesRefused as refusal:
        return _show(request, form=FileForm(), file_name=held.name, faults=refusal.faults, status=422)
    if not as_shown:
        messages.warning(request, say("Nel frattempo i dati sono cambiati. Guarda la nuova anteprima, poi conferma."))
        return _preview(request, user, held.name, held.content)
    forget_file(user=user, kind=KIND, content=held.content)
    messages.success(
        request,
        say("%(file)s importato: %(new)s prezzi nuovi, %(changed)s cambiati, %(unchanged)s uguali.")
        % {"file": held.name, "new": result.new, "changed": result.changed, "unchanged": result.unchanged},
    )
    return redirect("admin:settlement_priceimport_changelist")


def _may(user: User, result: PriceImportResult) -> bool:
    """New prices may come from any administrator; a stored price changes for every community, so only by a superuser."""
    return user.is_superuser or not result.changed


def _shown(result: PriceImportResult) -> Sequence[object]:
    return [result.new, result.unchanged, result.missing, *result.changes]


def _show(request: HttpRequest, *, form: FileForm, status: int = 200, **context: Any) -> HttpResponse:
    crumbs: list[Crumb] = [(say("Prezzi zonali"), reverse("admin:settlement_zonalprice_changelist"))]
    return show_page(request, TEMPLATE, title=say("Importa i prezzi"), crumbs=crumbs, status=status, form=form, **context)
