"""One month of a member: its energy, its days, its points, its money and its documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from django.http import Http404
from numpy.typing import NDArray

from apps.communities.models import Member
from apps.engine.calendar import month_days
from apps.invoicing.downloads import Statement, list_statements
from apps.portal.access import Visitor
from apps.portal.months import MonthRow, approved_results, counting
from apps.portal.origin import Origin, list_origins
from apps.settlement.booking import unpack_wh
from apps.settlement.models import MemberResult, PointResult, SettlementRun

CHANNELS = 4  # withdrawn, injected, shared, taken


@dataclass(frozen=True)
class Month:
    """Everything that the page of a month shows. Read once, in a fixed number of queries."""

    member: Member
    result: MemberResult
    points: Sequence[PointResult]
    origins: Sequence[Origin]
    statement: Statement | None
    others: Sequence[MonthRow]  # the other approved runs of the same configuration and month, newest first
    counts: bool  # whether this run is the one that counts for the month

    @property
    def run(self) -> SettlementRun:
        return self.result.run

    @property
    def is_provisional(self) -> bool:
        return self.run.kind == SettlementRun.Kind.PROVISIONAL

    @property
    def is_difference(self) -> bool:
        """Amounts and energies are differences to what the month had posted before: every run but the first of the month."""
        return self.run.corrects_id is not None

    @property
    def is_reversal(self) -> bool:
        return self.run.kind == SettlementRun.Kind.REVERSAL

    @property
    def is_reversed(self) -> bool:
        return self.run.state == SettlementRun.State.REVERSED

    @property
    def missing_hours(self) -> int:
        return sum(point.missing_hours for point in self.points)

    @property
    def taken_wh(self) -> int:
        return int(self.daily_wh[3].sum())

    @cached_property
    def days(self) -> tuple[date, ...]:
        return month_days(self.run.month.year, self.run.month.month)

    @cached_property
    def daily_wh(self) -> NDArray[np.int64]:
        """(4, days): withdrawn, injected, shared, taken, over all points of the member."""
        total = np.zeros((CHANNELS, len(self.days)), np.int64)
        for point in self.points:
            total += unpack_wh(point.days, rows=CHANNELS)
        return total


def get_month(*, visitor: Visitor, result_id: int) -> Month:
    """The month behind a result of one of the visitor's members. `Http404` for everybody else's and for runs not approved."""
    mine = approved_results(visitor.member_ids)
    result = mine.filter(pk=result_id).first()
    if result is None:
        raise Http404
    run = result.run
    same = list(mine.filter(member=result.member_id, run__configuration=run.configuration_id, run__month=run.month))
    statements = list_statements(member_id=result.member_id, from_month=run.month, before=_next_month(run.month))
    others = [MonthRow(row, statements.get(row.run_id)) for row in same if row.pk != result.pk]
    return Month(
        member=visitor.get_member(result.member_id),
        result=result,
        points=list(run.point_results.filter(member=result.member_id).order_by("pod", "valid_from")),
        origins=list_origins(result=result),
        statement=statements.get(run.pk),
        others=sorted(others, key=lambda row: -row.run.pk),
        counts=any(counted.pk == result.pk for counted in counting(same)),
    )


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
