"""Cents per payee: who gets how much of which contribution, whatever the steps that made it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.engine.inputs import Contribution
from apps.engine.results import Line


@dataclass(frozen=True, slots=True, order=True)
class Payee:
    """Who an amount belongs to, on which contribution: a member or an account, exactly one of the two."""

    contribution: Contribution
    member: str
    account: str


Amounts = Mapping[Payee, int]


def amounts_of(lines: Sequence[Line]) -> dict[Payee, int]:
    """Return the cents per payee of the postings of a result."""
    amounts: dict[Payee, int] = {}
    for line in lines:
        payee = Payee(line.contribution, line.member, line.account)
        amounts[payee] = amounts.get(payee, 0) + line.cents
    return amounts


def difference(before: Amounts, now: Amounts) -> dict[Payee, int]:
    """Return what moved, cents per payee, only where something did."""
    moved = {payee: now.get(payee, 0) - before.get(payee, 0) for payee in {**before, **now}}
    return {payee: cents for payee, cents in moved.items() if cents}
