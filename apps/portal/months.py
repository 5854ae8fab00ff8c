"""The months of a member, as the list of a year shows them: one row per configuration and month, the run that counts."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.invoicing.downloads import Statement, list_statements
from apps.invoicing.models import IssuedDocument
from apps.settlement.history import precedence
from apps.settlement.models import MemberResult, SettlementRun

# A run carries explanations in JSON that nobody looks at here.
RESULT_COLUMNS = (
    *("member_id", "withdrawn_wh", "injected_wh", "shared_wh", "premium_cents", "valorisation_cents", "excess_cents"),
    *(
        "run__month",
        "run__kind",
        "run__version",
        "run__corrects",
        "run__state",
        "run__succeeded_at",
        "run__approved_at",
        "run__configuration__code",
        "run__snapshot_path",
    ),
)


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One approved month of a member. `running_cents` is the year so far, this row included."""

    result: MemberResult
    statement: Statement | None
    running_cents: int = 0

    @property
    def run(self) -> SettlementRun:
        return self.result.run

    @property
    def is_reversed(self) -> bool:
        return self.run.state == SettlementRun.State.REVERSED

    @property
    def is_void(self) -> bool:
        """A reversed month and the reversal that took it back: they undo each other and add nothing to the year."""
        return self.is_reversed or self.run.kind == SettlementRun.Kind.REVERSAL

    @property
    def has_final(self) -> bool:
        """Does a final run stand behind this month? It may have found no difference, and then the member has no row of it."""
        return bool(vars(self.result).get("has_final"))

    @property
    def counted_cents(self) -> int:
        """What the row adds to the year."""
        return 0 if self.is_void else self.result.total_cents


@dataclass(frozen=True, slots=True)
class Year:
    """The months of one year, newest first, and their sums."""

    number: int
    rows: Sequence[MonthRow] = field(default=())

    @property
    def total_cents(self) -> int:
        return sum(row.counted_cents for row in self.rows)

    @property
    def shared_wh(self) -> int:
        return sum(row.result.shared_wh for row in self.rows if not row.is_void)

    @property
    def withdrawn_wh(self) -> int:
        return sum(row.result.withdrawn_wh for row in self.rows if not row.is_void)

    @property
    def injected_wh(self) -> int:
        return sum(row.result.injected_wh for row in self.rows if not row.is_void)

    @property
    def has_provisional(self) -> bool:
        """Is a month still told by what was known, and no final run behind it?"""
        return any(row.run.kind == SettlementRun.Kind.PROVISIONAL and not (row.is_void or row.has_final) for row in self.rows)

    @property
    def configurations(self) -> int:
        return len({row.run.configuration_id for row in self.rows})


def list_years(*, member_id: int) -> list[int]:
    """The years in which the member has approved months, newest first."""
    years = approved_results([member_id]).values_list("run__month__year", flat=True).order_by().distinct()
    return sorted(years, reverse=True)


def get_year(*, member_id: int, year: int) -> Year:
    """The approved months of one year, two queries whatever the history."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    results = approved_results([member_id]).filter(run__month__gte=first, run__month__lt=after)
    statements = list_statements(member_id=member_id, from_month=first, before=after)
    rows = [MonthRow(result=result, statement=statements.get(result.run_id)) for result in counting(results)]
    rows.sort(key=lambda row: (row.run.month, row.run.configuration.code))
    running = accumulate(row.counted_cents for row in rows)
    return Year(
        number=year,
        rows=[MonthRow(row.result, row.statement, cents) for row, cents in zip(rows, running, strict=True)][::-1],
    )


def approved_results(member_ids: Collection[int]) -> QuerySet[MemberResult]:
    """What these members got in approved runs; a run that is merely computed is nobody's business yet.

    A member without a point in the month has a row of zeros and gets no statement: that is not a month of theirs.
    """
    statement = IssuedDocument.objects.filter(run=OuterRef("run"), member=OuterRef("member"))
    silent = Q(withdrawn_wh=0, injected_wh=0, shared_wh=0, premium_cents=0, valorisation_cents=0, excess_cents=0)
    approved = MemberResult.objects.filter(member__in=member_ids, run__state__in=SettlementRun.FROZEN_STATES)
    final = SettlementRun.objects.filter(kind=SettlementRun.Kind.FINAL, state__in=SettlementRun.APPROVED_STATES).filter(
        Q(corrects=OuterRef("run")) | Q(corrects=OuterRef("run__corrects"))
    )
    shown = approved.filter(~silent | Exists(statement)).annotate(has_final=Exists(final))
    return shown.select_related("run__configuration").only(*RESULT_COLUMNS)


def counting(results: Iterable[MemberResult]) -> list[MemberResult]:
    """Of several runs of one configuration and month, the base that counts, by the same rule as the rows of the statement.

    The runs that point back to it count beside it, in the order in which they were approved: their energies and amounts are
    differences, so the rows of a month add up.
    """
    best: dict[tuple[int, date], MemberResult] = {}
    results = list(results)
    for result in results:
        if result.run.corrects_id:
            continue
        key = (result.run.configuration_id, result.run.month)
        if key not in best or precedence(result.run) > precedence(best[key].run):
            best[key] = result
    counted = {result.run_id for result in best.values()}
    corrections = [result for result in results if result.run.corrects_id in counted]
    return [*best.values(), *sorted(corrections, key=_when_computed)]


def _when_computed(result: MemberResult) -> tuple[float, int]:
    """Each run of a month was computed after the one before it was approved."""
    at = result.run.succeeded_at
    return (at.timestamp() if at else 0.0, result.run_id)
