"""Who gets what: deductions, producers, consumers, and the excess (settlement-rules 5 and 7; RO p.39)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

from apps.engine.errors import InvalidDistribution, NegativeWeight, NoWeight
from apps.engine.inputs import Contribution, ExcessSplit, Split
from apps.engine.money import allocate, round_half_up
from apps.engine.results import Line

DEDUCTION = "deduction"
PRODUCERS = "producers"
CONSUMERS = "consumers"
SOCIAL_FUND = "social_fund"
UNDISTRIBUTED = "undistributed"

PRODUCERS_KEYS = ("injected", "incentivised", "equal", "fixed")
CONSUMERS_KEYS = ("coincident", "withdrawn", "equal", "fixed")
_WHOLE = Decimal(100)

Fixed = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Members:
    """The members in the order of the input with what each key weighs them by: Wh of the month, all of one length."""

    codes: Sequence[str]
    injected_wh: Sequence[int]
    withdrawn_wh: Sequence[int]
    shared_wh: Sequence[int]
    incentivised_wh: Sequence[int]

    def weights(self, block: str, key: str, fixed: Fixed) -> list[int]:
        """Return the whole weight of each member for a key of a block. Errors: `InvalidDistribution`, `NegativeWeight`."""
        if key not in (PRODUCERS_KEYS if block == PRODUCERS else CONSUMERS_KEYS):
            raise InvalidDistribution(f"{key!r} is no key for the {block}. Choose another key in the distribution rule.")
        if key == "fixed":
            return _fixed_weights(self.codes, fixed)
        if key == "equal":
            energy = self.injected_wh if block == PRODUCERS else self.withdrawn_wh
            return [1 if wh > 0 else 0 for wh in energy]
        by_key = {
            "injected": self.injected_wh,
            "incentivised": self.incentivised_wh,
            "coincident": self.shared_wh,
            "withdrawn": self.withdrawn_wh,
        }
        return list(by_key[key])


def _fixed_weights(codes: Sequence[str], fixed: Fixed) -> list[int]:
    """Return the fixed shares as whole numbers in the same proportion; a member may have one without holding a point."""
    known = set(codes)
    for code, share in fixed:
        if code not in known:
            raise InvalidDistribution(f"The fixed share of {code} belongs to no member. Correct the distribution rule.")
        if share < 0:
            raise NegativeWeight(f"The fixed share of {code} is {share}, below zero. Correct the distribution rule.")
    shares = {code: Fraction(share) for code, share in fixed}
    if len(shares) != len(fixed) or sum(shares.values()) != 1:
        raise InvalidDistribution("The fixed shares do not sum to 1 with each member once. Correct the distribution rule.")
    scale = lcm(*(share.denominator for share in shares.values()))
    return [int(shares.get(code, Fraction(0)) * scale) for code in codes]


def split(contribution: Contribution, amount_cents: int, rule: Split, members: Members) -> list[Line]:
    """Return the postings of one contribution; they sum to the amount to the cent (settlement-rules 7).

    Each deduction is its percent of the whole amount; of the rest the producers get their percent, the consumers what is
    left, so the second rounding can never lose a cent. Inside a block the key decides; a block without any weight goes to
    `undistributed`. Errors: `InvalidDistribution`, `NegativeWeight`.
    """
    _check_percents([deduction.percent for deduction in rule.deductions])
    _check_percents([rule.producers_percent])
    lines = [
        _account_line(contribution, DEDUCTION, row.account, percent_of(amount_cents, row.percent), amount_cents, row.percent)
        for row in sorted(rule.deductions, key=lambda row: row.account)
    ]
    rest = amount_cents - sum(line.cents for line in lines)
    producers = percent_of(rest, rule.producers_percent)
    leftovers = []
    for block, cents, key in (
        (PRODUCERS, producers, rule.producers_key),
        (CONSUMERS, rest - producers, rule.consumers_key),
    ):
        weights = members.weights(block, key, rule.fixed)
        shared_out = _block_lines(contribution, block, cents, key, members.codes, weights)
        lines += shared_out
        if not shared_out:
            leftovers.append(_account_line(contribution, UNDISTRIBUTED, UNDISTRIBUTED, cents, cents, None, key))
    return [line for line in lines + leftovers if line.member or line.cents]


def split_excess(amount_cents: int, rule: ExcessSplit | None, members: Members, eligible: Sequence[bool]) -> list[Line]:
    """Return the postings of the excess: to the social fund and to the `eligible` members, who are no enterprises (RO p.39).

    Without a rule, or when no eligible member has any weight, all of it goes to the fund.
    Errors: `InvalidDistribution`, `NegativeWeight`.
    """
    rule = rule or ExcessSplit(social_fund_percent=_WHOLE, consumers_key="coincident")
    _check_percents([rule.social_fund_percent])
    fund = percent_of(amount_cents, rule.social_fund_percent)
    weights = members.weights(CONSUMERS, rule.consumers_key, rule.fixed)
    weights = [weight if counts else 0 for weight, counts in zip(weights, eligible, strict=True)]
    rest = amount_cents - fund
    lines = _block_lines(Contribution.EXCESS, CONSUMERS, rest, rule.consumers_key, members.codes, weights)
    percent = rule.social_fund_percent
    if rest and not lines:
        fund, percent = amount_cents, _WHOLE
    if fund:
        lines.append(_account_line(Contribution.EXCESS, SOCIAL_FUND, SOCIAL_FUND, fund, amount_cents, percent))
    return lines


def percent_of(amount_cents: int, percent: Decimal) -> int:
    """Return a percentage of an amount, half-up to the cent; a negative amount mirrors the positive one."""
    return round_half_up(Fraction(Fraction(percent) * amount_cents, 100))


def _block_lines(
    contribution: Contribution, block: str, cents: int, key: str, codes: Sequence[str], weights: Sequence[int]
) -> list[Line]:
    """Return a line per member with a weight; none when the block is empty or nobody has any weight."""
    if not cents:
        return []
    try:
        parts = allocate(cents, weights)
    except NoWeight:
        return []
    total = sum(weights)
    return [
        Line(contribution, block, code, "", part, cents, key, weight, total)
        for code, part, weight in zip(codes, parts, weights, strict=True)
        if weight
    ]


def _account_line(
    contribution: Contribution, block: str, account: str, cents: int, block_cents: int, percent: Decimal | None, key: str = ""
) -> Line:
    return Line(contribution, block, "", account, cents, block_cents, key, percent=percent)


def _check_percents(percents: Sequence[Decimal]) -> None:
    if any(percent < 0 for percent in percents) or sum(percents) > _WHOLE:
        raise InvalidDistribution(
            f"The percentages {', '.join(str(percent) for percent in percents)} are below 0 or beyond 100 together. "
            "Correct the distribution rule."
        )
