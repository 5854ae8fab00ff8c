"""One batch at one address: what it pays, where it stands, what may be done next."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import manages, person
from apps.backoffice.pages import show_page
from apps.backoffice.payouts.access import of_visible_batch
from apps.backoffice.payouts.labels import RETURN_CODES, TONES, TRANSFER_TONES, batches_crumb, reason_text
from apps.backoffice.records.forms import masked
from apps.communities.models import Member
from apps.invoicing.models import PayoutBatch, PayoutTransfer
from apps.settlement.models import SettlementRun

PER_PAGE = 100
MOST_CARRIED = 200
STOP_POLLING = 286
State = PayoutBatch.State


@of_visible_batch("GET", "HEAD")
def show_batch(request: HttpRequest, batch: PayoutBatch) -> HttpResponse:
    """The transfers by member, who was carried over, and the next step for who is looking."""
    decides = manages(request.user, batch.community_id)
    made_it = batch.created_by_id == person(request).pk
    open_states = (State.DRAFT, State.READY)
    found = batch.transfers.select_related("member").order_by("pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page", ""))
    paid = SettlementRun.objects.filter(payouts__batch=batch).select_related("configuration").defer("facts", "missing")
    runs = list(paid.order_by("month", "configuration__code", "pk"))
    is_open = batch.state in open_states
    return show_page(
        request,
        "backoffice/payouts/batch.html",
        title=title_of(batch),
        crumbs=[batches_crumb()],
        batch=batch,
        tone=TONES[State(batch.state)],
        runs=runs,
        taken_back=[run for run in runs if is_open and run.state == SettlementRun.State.REVERSED],
        page=page,
        transfers=[
            {"transfer": transfer, "iban": masked(transfer.iban), "tone": TRANSFER_TONES[PayoutTransfer.State(transfer.state)]}
            for transfer in page
        ],
        carried=_carried(batch),
        carried_more=max(0, len(batch.carried) - MOST_CARRIED),
        waits_for_file=batch.state == State.DRAFT and not batch.error,
        may_fetch=decides and batch.state in (State.READY, State.EXECUTED),
        may_confirm=decides and batch.is_with_the_bank and not made_it,
        must_be_another=decides and batch.is_with_the_bank and made_it,
        may_discard=decides and batch.state in open_states and not (made_it and batch.downloaded_at),
        may_return=decides and batch.state == State.EXECUTED,
        return_codes=RETURN_CODES.items(),
        earliest=timezone.localtime(batch.created_at).date(),
        today=timezone.localdate(),
    )


@of_visible_batch("GET", "HEAD")
def show_progress(request: HttpRequest, batch: PayoutBatch) -> HttpResponse:
    """Asked for every second while a worker makes the file; then the page loads itself again."""
    if batch.state == State.DRAFT and not batch.error:
        return HttpResponse(status=204)
    response = HttpResponse(status=STOP_POLLING)
    response["HX-Redirect"] = reverse("admin:invoicing_payoutbatch_change", args=[batch.pk])
    return response


def title_of(batch: PayoutBatch) -> str:
    return _("Distinta n. %(number)s, %(community)s") % {"number": batch.number, "community": batch.community.name}


def _carried(batch: PayoutBatch) -> list[dict[str, object]]:
    shown = batch.carried[:MOST_CARRIED]
    members = Member.objects.only("code", "name").in_bulk([member_id for member_id, _cents, _reason in shown])
    return [
        {"member": members.get(member_id), "cents": cents, "reason": reason_text(reason)} for member_id, cents, reason in shown
    ]
