"""The administrator's home: twelve months of every configuration at a glance, each a link to where something can be done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from apps.backoffice.access import Person, list_managed_communities, list_visible_configurations, list_visible_runs
from apps.backoffice.delivery.reminders import get_home_reminders
from apps.backoffice.devices.alerts import count_waiting_alerts
from apps.backoffice.gse.true_ups import list_true_up_notes
from apps.backoffice.payouts.reminders import list_reminders
from apps.backoffice.runs.labels import TONES
from apps.communities.models import Configuration
from apps.invoicing.models import IssuedDocument
from apps.settlement.audit.checks import get_alarm
from apps.settlement.history import list_corrections, list_effective_runs_of
from apps.settlement.models import SettlementRun
from apps.settlement.proposals import list_open_proposals
from apps.settlement.waiting import exclude_overtaken

MONTHS_SHOWN = 12
MOST_WAITING = 8
FIRST_YEAR, LAST_YEAR = 2000, 2199


@dataclass(frozen=True, slots=True)
class Cell:
    """One month of one configuration. `run` is the one that speaks for it, the latest approved that followed its base if any.

    `waiting` is a newer one that has no result yet.
    """

    month: date
    run: SettlementRun | None = None
    waiting: SettlementRun | None = None
    tone: str = ""
    address: str = ""
    documents_ready: int = 0
    documents_total: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    configuration: Configuration
    cells: tuple[Cell, ...]


def get_board(user: Person, *, today: date, until: str = "") -> dict[str, Any]:
    """The twelve months up to `until` (YYYY-MM); by default the last that ended, or the one after the last run."""
    runs = list_visible_runs(user)
    last = _parse(until) or _last_month(runs.aggregate(newest=Max("month"))["newest"], today)
    months = [_shift(last, -back) for back in reversed(range(MONTHS_SHOWN))]
    managed = set(list_managed_communities(user).values_list("pk", flat=True))
    configurations = list(list_visible_configurations(user))
    return {
        "rows": _rows(configurations, months, managed),
        "true_ups": list_true_up_notes(configurations, today=today),
        "months": months,
        "earlier": f"{_shift(last, -MONTHS_SHOWN):%Y-%m}",
        "later": f"{_shift(last, MONTHS_SHOWN):%Y-%m}",
        "may_start": bool(managed),
        "waiting": _waiting(user),
        "proposals": list_open_proposals(runs)[:MOST_WAITING],
        "alerts": count_waiting_alerts(user),
        "reminders": get_home_reminders(user),
        "payouts": list_reminders(user, today=today)[:MOST_WAITING],
        "broken_trail": get_alarm(),
    }


def _rows(configurations: list[Configuration], months: list[date], managed: set[int]) -> list[Row]:
    """A row per configuration; the same few questions to the database however many there are."""
    numbers = [configuration.pk for configuration in configurations]
    effective = list_effective_runs_of(numbers, from_month=months[0], before=_shift(months[-1], 1))
    waiting = _newest_waiting(numbers, months)
    latest = {one.corrects_id: one for one in list_corrections(run for runs in effective.values() for run in runs)}
    speaking = {number: [latest.get(run.pk, run) for run in runs] for number, runs in effective.items()}
    counts = _documents(run.pk for runs in speaking.values() for run in runs)
    rows = []
    for configuration in configurations:
        speaks = {run.month: run for run in speaking[configuration.pk]}
        waits = {month: run for (number, month), run in waiting.items() if number == configuration.pk}
        shown = [month for month in months if month in speaks or month in waits or _is_active(configuration, month)]
        may_start = configuration.community_id in managed
        cells = (_cell(configuration, month, speaks.get(month), waits.get(month), counts, may_start) for month in shown)
        rows.append(Row(configuration, tuple(cells)))
    return rows


def _is_active(configuration: Configuration, month: date) -> bool:
    return configuration.starts_on < _shift(month, 1) and (configuration.ends_on is None or configuration.ends_on > month)


def _cell(
    configuration: Configuration,
    month: date,
    run: SettlementRun | None,
    waiting: SettlementRun | None,
    counts: dict[int, tuple[int, int]],
    may_start: bool,
) -> Cell:
    if waiting is not None and run is not None and waiting.opened_at < run.opened_at:
        waiting = None
    shown = run or waiting
    if shown is not None:
        ready, total = counts.get(shown.pk, (0, 0))
        address = reverse("admin:settlement_settlementrun_change", args=[shown.pk])
        tone = TONES[SettlementRun.State(shown.state)]
        return Cell(month, shown, waiting if run else None, tone, address, ready, total)
    query: dict[str, str | int] = {
        "configuration": configuration.pk,
        "month": month.month,
        "year": month.year,
        "kind": "provisional",
    }
    address = f"{reverse('admin:settlement_settlementrun_new')}?{urlencode(query)}" if may_start else ""
    return Cell(month, address=address)


def _newest_waiting(configuration_ids: list[int], months: list[date]) -> dict[tuple[int, date], SettlementRun]:
    runs = SettlementRun.objects.filter(configuration__in=configuration_ids, month__gte=months[0], month__lte=months[-1])
    open_runs = runs.exclude(state__in=[*SettlementRun.SETTLED_STATES, SettlementRun.State.REVERSED])
    open_runs = exclude_overtaken(open_runs).order_by("opened_at")
    return {(run.configuration_id, run.month): run for run in open_runs}


def _documents(run_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Per run: how many documents are ready, of how many."""
    rows = (
        IssuedDocument.objects.filter(run__in=list(run_ids))
        .order_by()
        .values("run")
        .annotate(total=Count("pk"), ready=Count("pk", filter=Q(state=IssuedDocument.State.READY)))
    )
    return {row["run"]: (row["ready"], row["total"]) for row in rows}


def _waiting(user: Person) -> list[dict[str, Any]]:
    """What waits for a person: runs to approve, runs that stopped, unless their month went on without them; the newest first."""
    states = [SettlementRun.State.COMPUTED, SettlementRun.State.PARKED, SettlementRun.State.FAILED]
    newest: dict[tuple[int, date, str], SettlementRun] = {}
    runs = exclude_overtaken(list_visible_runs(user)).select_related("configuration").defer("facts", "missing")
    for run in runs.order_by("opened_at"):
        newest[run.configuration_id, run.month, run.kind] = run
    found = [run for run in newest.values() if run.state in states]
    found.sort(key=lambda run: run.opened_at, reverse=True)
    texts = {
        SettlementRun.State.COMPUTED: _("da approvare"),
        SettlementRun.State.PARKED: _("sospesa"),
        SettlementRun.State.FAILED: _("non riuscita"),
    }
    return [
        {"run": run, "text": texts[SettlementRun.State(run.state)], "tone": TONES[SettlementRun.State(run.state)]}
        for run in found[:MOST_WAITING]
    ]


def _last_month(newest: date | None, today: date) -> date:
    ended = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    if newest is None or newest > _shift(ended, -MONTHS_SHOWN):
        return ended
    return _shift(newest, 1)


def _parse(text: str) -> date | None:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return month if FIRST_YEAR <= month.year <= LAST_YEAR else None


def _shift(month: date, by: int) -> date:
    number = month.year * 12 + month.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)
