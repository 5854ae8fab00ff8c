"""What the bank received: all of it, and the receipts of which nobody knows yet which configuration they pay."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import list_managed_communities, list_visible_communities, manages, only, person
from apps.backoffice.gse.access import gse_crumb, number_of
from apps.backoffice.pages import show_page
from apps.communities.models import Configuration
from apps.settlement.gse.errors import AssignmentRefused
from apps.settlement.gse.operations import assign_receipt as assign
from apps.settlement.models import BankReceipt

PER_PAGE = 100


@only("GET", "HEAD")
def list_receipts(request: HttpRequest) -> HttpResponse:
    """Receipts in force, those without a configuration first, then the newest."""
    visible = list_visible_communities(request.user)
    rows = BankReceipt.objects.filter(community__in=visible, superseded_by__isnull=True)
    rows = (
        rows.select_related("community", "configuration", "brought_by")
        .annotate(waiting=ExpressionWrapper(Q(configuration=None), output_field=BooleanField()))
        .order_by("-waiting", "-value_date", "-pk")
    )
    managed = set(list_managed_communities(request.user).values_list("pk", flat=True))
    choices: dict[int, list[Configuration]] = {}
    for configuration in Configuration.objects.filter(community__in=managed).order_by("code"):
        choices.setdefault(configuration.community_id, []).append(configuration)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page", ""))
    return show_page(
        request,
        "backoffice/gse/receipts.html",
        title=_("Accrediti in banca"),
        crumbs=[gse_crumb()],
        page=page,
        rows=[(row, [one for one in choices.get(row.community_id, []) if one.pk != row.configuration_id]) for row in page],
        address=reverse("admin:settlement_gsepublication_receipts"),
    )


@only("POST")
def assign_receipt(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Say which configuration a receipt pays. One of another community does not exist."""
    visible = list_visible_communities(request.user)
    receipt = BankReceipt.objects.filter(community__in=visible, pk=receipt_id).first()
    if receipt is None:
        raise Http404
    if not manages(request.user, receipt.community_id):
        raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
    configuration = Configuration.objects.filter(
        community=receipt.community_id, pk=number_of(request.POST.get("configuration", ""))
    ).first()
    if configuration is None:
        messages.error(request, _("Scegli la configurazione dell’accredito."))
        return redirect("admin:settlement_gsepublication_receipts")
    try:
        assign(receipt_id=receipt.pk, configuration=configuration, assigned_by=person(request), as_of=timezone.now())
    except AssignmentRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("L’accredito è assegnato a %(code)s.") % {"code": configuration.code})
    return redirect("admin:settlement_gsepublication_receipts")
