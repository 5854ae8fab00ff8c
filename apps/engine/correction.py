"""A later truth about a month as the difference to what the month posted so far: nothing that was posted changes.

The month is settled anew as a whole, by the rules of any month; only then the difference is taken, payee by payee. So a second
correction posts what the first one did not know, and the postings of all runs of the month sum to the newest truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.engine.inputs import Contribution
from apps.engine.payees import Amounts, amounts_of, difference
from apps.engine.results import Line, MemberResult, MonthResult

CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Posted:
    """What the earlier runs of a month posted together: cents per payee, and a row per member (Wh and cents)."""

    amounts: Amounts
    members: Mapping[str, MemberResult]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction posts. `members` and `lines` are differences, by the order of any result; zero lines are left out.

    Each line's `block` is `correction` and its `block_cents` what the payee gets for the whole month now. `amounts` are the
    differences per contribution, `month_amounts` what the month comes to with them.
    """

    lines: tuple[Line, ...]
    members: tuple[MemberResult, ...]
    amounts: Mapping[Contribution, int]
    month_amounts: Mapping[Contribution, int]


def correct(result: MonthResult, posted: Posted) -> Correction:
    """Return what must be posted so that the month comes to `result`. Σ lines per contribution = new - posted, to the cent."""
    now = amounts_of(result.lines)
    moved = difference(posted.amounts, now)
    lines = tuple(
        Line(payee.contribution, CORRECTION, payee.member, payee.account, moved[payee], now.get(payee, 0))
        for payee in sorted(moved, key=lambda payee: (list(Contribution).index(payee.contribution), payee))
    )
    members = {row.code: row for row in result.members}
    nothing = MemberResult("", 0, 0, 0, 0, 0, 0, 0)
    month_amounts = {
        Contribution.PREMIUM: result.premium_cents,
        Contribution.VALORISATION: result.valorisation_cents,
        Contribution.EXCESS: result.excess_cents,
    }
    return Correction(
        lines=lines,
        members=tuple(
            _member_difference(code, posted.members.get(code, nothing), members.get(code, nothing))
            for code in sorted({*members, *posted.members})
        ),
        amounts={
            contribution: cents - sum(paid for payee, paid in posted.amounts.items() if payee.contribution is contribution)
            for contribution, cents in month_amounts.items()
        },
        month_amounts=month_amounts,
    )


def _member_difference(code: str, before: MemberResult, now: MemberResult) -> MemberResult:
    return MemberResult(
        code=code,
        injected_wh=now.injected_wh - before.injected_wh,
        withdrawn_wh=now.withdrawn_wh - before.withdrawn_wh,
        shared_wh=now.shared_wh - before.shared_wh,
        incentivised_wh=now.incentivised_wh - before.incentivised_wh,
        premium_cents=now.premium_cents - before.premium_cents,
        valorisation_cents=now.valorisation_cents - before.valorisation_cents,
        excess_cents=now.excess_cents - before.excess_cents,
    )
