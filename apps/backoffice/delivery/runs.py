"""Who of a run got what: every member's statement with its letter, or why there is none."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.backoffice.access import may_decide, of_visible_run, person
from apps.backoffice.delivery.labels import TONES
from apps.backoffice.pages import runs_crumb, show_page
from apps.backoffice.runs.titles import title_of
from apps.invoicing.delivery import operations, queueing
from apps.invoicing.delivery.queries import list_letters_of_run
from apps.invoicing.delivery.recipients import SENT_WHILE, address_of, get_choice, how_statements_go
from apps.invoicing.models import CommunityDelivery, IssuedDocument, MailMessage
from apps.settlement.models import SettlementRun

State = MailMessage.State


@dataclass(frozen=True, slots=True)
class Row:
    """A statement and its letter; without one, why."""

    document: IssuedDocument
    letter: MailMessage | None
    tone: str = ""
    why: str = ""


@of_visible_run("GET", "HEAD")
def show_run(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """The letters of a run."""
    community = run.configuration.community
    letters = {letter.document_id: letter for letter in list_letters_of_run(run.pk)}
    documents = IssuedDocument.objects.filter(run=run, kind=IssuedDocument.Kind.STATEMENT).defer("frozen")
    rows = [
        _row(run, document, letters.get(document.pk), how_statements_go(community))
        for document in documents.select_related("member__user", "member__mail_choice").order_by("member__code")
    ]
    counted = MailMessage.objects.filter(document__run=run).order_by().values("state").annotate(count=Count("pk"))
    counts = {row["state"]: row["count"] for row in counted}
    acts = may_decide(request.user, run)
    context: dict[str, Any] = {
        "run": run,
        "subject": title_of(run),
        "rows": rows,
        "counts": [(label, counts[value], TONES[State(value)]) for value, label in State.choices if value in counts],
        "way": how_statements_go(community),
        "community": community,
        "may_retry": acts and bool(counts.get(State.FAILED) or counts.get(State.BOUNCED)),
        "may_queue": acts and queueing.list_unsent(run_id=run.pk).exists(),
        "unknown": counts.get(State.UNKNOWN, 0),
    }
    crumbs = [runs_crumb(), (title_of(run), reverse("admin:settlement_settlementrun_change", args=[run.pk]))]
    return show_page(request, "backoffice/delivery/run.html", title=_("Rendiconti per e-mail"), crumbs=crumbs, **context)


@of_visible_run("POST", decides=True)
def send_failed(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """Queue again whatever surely did not arrive."""
    count = operations.send_failed_again(run_id=run.pk, asked_by=person(request), as_of=timezone.now())
    return _back(request, run, count)


@of_visible_run("POST", decides=True)
def queue_missing(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """Queue the statements that have no letter yet, however old."""
    count = queueing.queue_run(run_id=run.pk, asked_by=person(request), as_of=timezone.now())
    return _back(request, run, count)


def _back(request: HttpRequest, run: SettlementRun, count: int) -> HttpResponse:
    if count:
        messages.success(
            request, ngettext("%(count)s e-mail è in coda.", "%(count)s e-mail sono in coda.", count) % {"count": count}
        )
    else:
        messages.info(request, _("Non c’era niente da inviare: correggi prima gli indirizzi respinti."))
    return redirect("admin:invoicing_mailmessage_run", run.pk)


def _row(run: SettlementRun, document: IssuedDocument, letter: MailMessage | None, way: CommunityDelivery.Statements) -> Row:
    if letter is not None:
        return Row(document, letter, TONES[State(letter.state)])
    member = document.member
    choice = get_choice(member) if member else None
    if member is None or not address_of(member):
        why = _("nessun indirizzo")
    elif choice is not None and not choice.wants_statements:
        why = _("non vuole e-mail")
    elif way == CommunityDelivery.Statements.OFF:
        why = _("la comunità non invia e-mail")
    elif run.state not in SENT_WHILE:
        why = _("regolazione non emessa")
    else:
        why = _("non ancora in coda")
    return Row(document, None, why=why)
