"""Where reminders come from: each provider looks at what should exist and names what is missing. Another subject adds one.

A provider owns one kind. What it no longer names is done, and its reminder closes by itself.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.communities.models import Configuration
from apps.engine.gse_calendar import PUBLICATIONS, GseEvent, list_gse_dates, yearly_report_due_on
from apps.engine.gse_dates import true_up_due_on
from apps.invoicing.delivery.models import MailMessage
from apps.invoicing.payouts.models import PayoutBatch
from apps.invoicing.payouts.waiting import list_waiting_batches
from apps.invoicing.reminders.models import Reminder
from apps.settlement.gse.queries import list_publications_in_force
from apps.settlement.models import GseKind, LedgerEntry, RuleParameter, SettlementRun
from apps.settlement.proposals import list_open_proposals
from apps.settlement.waiting import exclude_overtaken

Kind = Reminder.Kind
State = SettlementRun.State
APPROVE_BY_DAY = 20  # of the month after
MONTHS_BACK = 3  # what is older is history that somebody brought in, or left
APPROVAL_DAYS = 3
PAYMENT_DAYS = 30
GSE_DAYS_BACK = 45
TRASE = "trase_eur_per_mwh"
_KINDS = {
    GseEvent.ADVANCE: GseKind.ADVANCE,
    GseEvent.TRUE_UP: GseKind.TRUE_UP,
    GseEvent.RECALCULATION: GseKind.RECALCULATION,
}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that waits for a person. `key` names it within its kind, once and for ever.

    `facts` are texts for the sentence; when the number `stamp` among them rises, it waits anew although somebody had closed it.
    """

    key: str
    community_id: int
    due_on: date
    configuration_id: int | None = None
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provider:
    """`look(as_of)` names everything of this kind that waits at that moment."""

    kind: Reminder.Kind
    look: Callable[[datetime], Iterable[Thing]]


def is_publication_imported(configuration: Configuration, event: str, year: int, month: int) -> bool:
    """Was what GSE published about this month (0: year) imported? Of a recalculation: anything since its month began."""
    rows = list_publications_in_force(configuration_id=configuration.pk).filter(kind=_KINDS[GseEvent(event)])
    if event == GseEvent.RECALCULATION:
        return rows.filter(published_on__gte=date(year, month, 1)).exists()
    if month:
        return rows.filter(month=date(year, month, 1)).exists()
    return rows.filter(month__gte=date(year, 1, 1), month__lt=date(year + 1, 1, 1)).exists()


def find_missing_months(as_of: datetime) -> Iterator[Thing]:
    """Months that ended, by the 20th of the next, without an approved run of their measures; the last three."""
    today = _local(as_of)
    months = [_shift(today.replace(day=1), -back) for back in range(1, MONTHS_BACK + 1)]
    have = set(
        SettlementRun.objects.filter(
            month__in=months, state__in=SettlementRun.APPROVED_STATES, kind__in=SettlementRun.MEASURED_KINDS
        ).values_list("configuration", "month")
    )
    for configuration in _configurations():
        for month in months:
            after = _shift(month, 1)
            active = configuration.starts_on < after and (configuration.ends_on is None or configuration.ends_on > month)
            due_on = after.replace(day=APPROVE_BY_DAY)
            if active and today >= due_on and (configuration.pk, month) not in have:
                yield Thing(
                    f"{configuration.pk}/{month:%Y-%m}",
                    configuration.community_id,
                    due_on,
                    configuration.pk,
                    {"month": f"{month}"},
                )


def find_waiting_approvals(as_of: datetime) -> Iterator[Thing]:
    """Runs computed three days ago or more that nobody approved, and that no other run of their month made needless.

    A later version does, or a later run that is more certain; a provisional one opened after a final one does not.
    """
    later = SettlementRun.objects.filter(
        configuration=OuterRef("configuration"), month=OuterRef("month"), opened_at__gt=OuterRef("opened_at")
    ).exclude(state__in=[State.FAILED, State.PARKED])
    waiting = SettlementRun.objects.filter(state=State.COMPUTED, succeeded_at__lte=as_of - timedelta(days=APPROVAL_DAYS))
    followed = Q(Exists(later.filter(kind=OuterRef("kind"))))
    for place, kind in enumerate(SettlementRun.BASE_KINDS):
        followed |= Q(Exists(later.filter(kind__in=SettlementRun.BASE_KINDS[place:])), kind=kind)
    for run in exclude_overtaken(waiting.exclude(followed)).select_related("configuration"):
        yield _about_run(run, _local(run.succeeded_at or as_of) + timedelta(days=APPROVAL_DAYS))


def find_waiting_payments(as_of: datetime) -> Iterator[Thing]:
    """Runs issued thirty days ago or more that owe somebody something, and that nobody marked as paid.

    A reversal owes nothing, nor does a run that found no difference or only takes back: no payment would ever end its waiting.
    """
    waiting = SettlementRun.objects.filter(state=State.ISSUED, issued_at__lte=as_of - timedelta(days=PAYMENT_DAYS))
    owes = Exists(LedgerEntry.objects.filter(run=OuterRef("pk"), member__isnull=False, cents__gt=0))
    for run in waiting.filter(owes).exclude(kind=SettlementRun.Kind.REVERSAL).select_related("configuration"):
        yield _about_run(run, _local(run.issued_at or as_of) + timedelta(days=PAYMENT_DAYS))


def find_expected_publications(as_of: datetime) -> Iterator[Thing]:
    """What GSE should have published in the last weeks and nobody imported."""
    today = _local(as_of)
    for configuration in _configurations():
        dates = list_gse_dates(
            starts_on=configuration.starts_on,
            ends_on=configuration.ends_on,
            from_day=today - timedelta(days=GSE_DAYS_BACK),
            before=today + timedelta(days=1),
        )
        for one in dates:
            if one.event in PUBLICATIONS and not is_publication_imported(configuration, one.event, one.year, one.month):
                facts = {"event": str(one.event), "year": str(one.year), "month": f"{date(one.year, one.month or 1, 1)}"}
                key = f"{configuration.pk}/{one.event}/{one.year}-{one.month:02d}"
                yield Thing(key, configuration.community_id, one.on, configuration.pk, facts)


def find_troubled_mails(as_of: datetime) -> Iterator[Thing]:
    """Runs with statements that came back, failed, or of which nobody knows."""
    troubled = MailMessage.objects.filter(kind=MailMessage.Kind.STATEMENT, state__in=MailMessage.TROUBLED_STATES)
    by_run: dict[SettlementRun, list[int]] = defaultdict(list)
    rows = troubled.annotate(last=Max("steps__pk")).select_related("document__run__configuration").defer("document__frozen")
    for message in rows:
        if message.document is not None:
            by_run[message.document.run].append(vars(message)["last"])
    for run, steps in by_run.items():
        yield _about_run(run, _local(as_of), count=str(len(steps)), stamp=str(max(steps)))


def find_waiting_corrections(as_of: datetime) -> Iterator[Thing]:
    """Approved months whose facts changed, with nobody acting on it."""
    for proposal in list_open_proposals(SettlementRun.objects.all()).select_related("run__configuration"):
        yield _about_run(proposal.run, _local(proposal.noticed_at), stamp=str(int(proposal.noticed_at.timestamp())))


def find_missing_parameters(as_of: datetime) -> Iterator[Thing]:
    """The year's TRASE: without it no month of the year can be settled."""
    year = _local(as_of).year
    first = date(year, 1, 1)
    known = RuleParameter.objects.filter(key=TRASE, valid_from__lte=first).exclude(valid_to__lte=first).exists()
    active = Configuration.objects.filter(starts_on__lt=date(year + 1, 1, 1)).exclude(ends_on__lte=first)
    if not known:
        for community_id in active.order_by("community").values_list("community", flat=True).distinct():
            yield Thing(f"{community_id}/trase/{year}", community_id, date(year, 1, 31), None, {"year": str(year)})


def find_yearly_reports(as_of: datetime) -> Iterator[Thing]:
    """The report that the referente owes GSE about last year: from the true-up on, until somebody says that it is done."""
    today = _local(as_of)
    year = today.year - 1
    if today < true_up_due_on(year):
        return
    for configuration in _configurations().filter(starts_on__lt=date(year + 1, 1, 1)).exclude(ends_on__lte=date(year, 1, 1)):
        facts = {"year": str(year)}
        yield Thing(f"{configuration.pk}/{year}", configuration.community_id, yearly_report_due_on(year), configuration.pk, facts)


def find_waiting_payouts(as_of: datetime) -> Iterator[Thing]:
    """Batches for the bank without a file, never fetched, or of which nobody said what the bank did."""
    for one in list_waiting_batches(PayoutBatch.objects.defer("content", "payer"), on=_local(as_of)):
        facts = {"batch": str(one.batch.pk), "number": str(one.batch.number), "why": str(one.why)}
        yield Thing(f"{one.batch.pk}/{one.why}", one.batch.community_id, one.due_on, None, facts)


PROVIDERS = (
    Provider(Kind.MONTH_MISSING, find_missing_months),
    Provider(Kind.APPROVAL_WAITS, find_waiting_approvals),
    Provider(Kind.PAYMENT_WAITS, find_waiting_payments),
    Provider(Kind.GSE_EXPECTED, find_expected_publications),
    Provider(Kind.MAIL_TROUBLE, find_troubled_mails),
    Provider(Kind.CORRECTION_WAITS, find_waiting_corrections),
    Provider(Kind.PARAMETER_MISSING, find_missing_parameters),
    Provider(Kind.YEARLY_REPORT, find_yearly_reports),
    Provider(Kind.PAYOUT_WAITS, find_waiting_payouts),
)


def _about_run(run: SettlementRun, due_on: date, **facts: str) -> Thing:
    told = {"run": str(run.pk), "month": f"{run.month}", "run_kind": run.kind, **facts}
    return Thing(str(run.pk), run.configuration.community_id, due_on, run.configuration_id, told)


def _configurations() -> QuerySet[Configuration]:
    return Configuration.objects.order_by("pk")


def _local(at: datetime) -> date:
    return at.astimezone(timezone.get_default_timezone()).date()


def _shift(month: date, by: int) -> date:
    number = month.year * 12 + month.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)
