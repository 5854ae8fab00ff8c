"""Own computation, GSE and bank put side by side, per month and contribution: every difference has a reason or is open."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from apps.engine.gse_dates import advance_due_on, payment_due_on, true_up_due_on
from apps.engine.gse_differences import ADVANCE, Facts, Finding, Line, Reason, Side
from apps.engine.gse_payments import Payment, attribute, attribute_all
from apps.engine.inputs import Contribution


def reconcile(facts: Facts) -> tuple[Line, ...]:
    """Return one line per month and contribution, in that order."""
    received = attribute_all(facts.payments)
    lines: list[Line] = []
    for month in facts.months:
        of_month = [_line(facts, month, contribution, received) for contribution in Contribution]
        judged = [replace(line, findings=_judge(facts, line)) for line in of_month]
        lines += (_with_notes(facts, line) for line in _excess_inside(facts, judged))
    return tuple(lines)


def total_of(lines: Sequence[Line]) -> Line:
    """Return one month's contributions as one line: own amounts only if all are known, else sums of what is known."""
    return Line(
        month=lines[0].month,
        contribution=lines[0].contribution,
        own_cents=_sum([line.own_cents for line in lines], all_needed=True),
        expected_advance_cents=_sum([line.expected_advance_cents for line in lines], all_needed=True),
        advance_cents=_sum([line.advance_cents for line in lines]),
        true_up_cents=_sum([line.true_up_cents for line in lines]),
        gse_cents=_sum([line.gse_cents for line in lines]),
        bank_cents=_sum([line.bank_cents for line in lines]),
        findings=tuple(finding for line in lines for finding in line.findings),
    )


def _sum(values: Sequence[int | None], *, all_needed: bool = False) -> int | None:
    known = [value for value in values if value is not None]
    if not known or (all_needed and len(known) < len(values)):
        return None
    return sum(known)


def _line(facts: Facts, month: date, contribution: Contribution, received: Mapping[int, int]) -> Line:
    said = [one for one in facts.published if one.month == month and one.item == contribution.value]
    return Line(
        month=month,
        contribution=contribution,
        own_cents=facts.own.get((month, contribution)),
        expected_advance_cents=facts.advances.get((month, contribution)),
        advance_cents=_sum([one.cents for one in said if one.kind == ADVANCE]),
        true_up_cents=_sum([one.cents for one in said if one.kind != ADVANCE]),
        gse_cents=_sum([one.cents for one in said]),
        bank_cents=_sum([received[one.number] for one in said if one.number in received]),
    )


def _judge(facts: Facts, line: Line) -> tuple[Finding, ...]:
    return (*_judge_gse(facts, line), *_judge_bank(facts, line))


def _judge_gse(facts: Facts, line: Line) -> list[Finding]:
    if line.gse_cents is None:
        return _judge_silence(facts, line)
    found = []
    expected = line.expected_advance_cents
    if line.advance_cents is not None and expected is not None:
        apart = line.advance_cents - expected
        if abs(apart) > facts.tolerance_cents:
            found.append(Finding(Side.GSE, Reason.ADVANCE_DIFFERS, apart, expected_cents=expected))
    if line.own_cents is None:
        settled = (line.month, line.contribution) in facts.own_unknown
        return [*found, Finding(Side.GSE, Reason.OWN_UNKNOWN if settled else Reason.NOT_SETTLED, 0)]
    difference = line.gse_cents - line.own_cents
    if difference == 0:
        return found
    if abs(difference) <= facts.tolerance_cents:
        return [*found, Finding(Side.GSE, Reason.ROUNDING, difference)]
    if line.true_up_cents is None:
        due_on = true_up_due_on(line.month.year)
        reason = Reason.ADVANCE_ONLY if facts.as_of <= due_on else Reason.NOT_PUBLISHED
        return [*found, Finding(Side.GSE, reason, difference, due_on, expected_cents=-difference)]
    return [*found, Finding(Side.GSE, Reason.DIFFERS, difference)]


def _judge_silence(facts: Facts, line: Line) -> list[Finding]:
    """GSE has said nothing of this contribution: late only where something is due."""
    awaited = line.expected_advance_cents
    if awaited:
        due_on = advance_due_on(line.month.year, line.month.month)
    elif line.own_cents:
        due_on = true_up_due_on(line.month.year)
    else:
        return []
    cents = -(line.own_cents if line.own_cents is not None else awaited or 0)
    reason = Reason.NOT_YET_PUBLISHED if facts.as_of <= due_on else Reason.NOT_PUBLISHED
    return [Finding(Side.GSE, reason, cents, due_on, expected_cents=awaited or line.own_cents)]


def _judge_bank(facts: Facts, line: Line) -> list[Finding]:
    found = []
    mine = (line.month, line.contribution.value)
    for payment in facts.payments.payments:
        numbers = [one.number for one in payment.lines if (one.month, one.item) == mine]
        if numbers:
            cents = sum(one.cents for one in payment.lines if one.number in numbers)
            received = attribute(payment)
            found += _judge_payment(facts, payment, cents, sum(received.get(number, 0) for number in numbers))
    waiting = [one for one in facts.payments.carried if (one.month, one.item) == mine]
    if waiting:
        due_on = max(payment_due_on(one.published_on) for one in waiting)
        cents = -sum(one.cents for one in waiting)
        reason = Reason.NOT_YET_PAID if facts.as_of <= due_on else Reason.CARRIED
        balance = sum(one.cents for one in facts.payments.carried)
        found.append(Finding(Side.BANK, reason, cents, due_on, expected_cents=balance))
    return found


def _judge_payment(facts: Facts, payment: Payment, cents: int, received_cents: int) -> list[Finding]:
    if payment.received_cents is None:
        reason = Reason.NOT_YET_PAID if facts.as_of <= payment.due_on else Reason.NOT_RECEIVED
        return [Finding(Side.BANK, reason, -cents, payment.due_on)]
    gap = payment.received_cents - payment.cents
    part = received_cents - cents
    if gap == 0:
        return []
    if abs(gap) <= facts.tolerance_cents:
        return [Finding(Side.BANK, Reason.ROUNDING, part, payment.due_on)]
    fee = facts.expected_fee_cents
    if fee and not payment.fee_cents and abs(gap + fee) <= facts.tolerance_cents:
        return [Finding(Side.BANK, Reason.FEE_NETTED, part, payment.due_on, expected_cents=-fee)]
    return [Finding(Side.BANK, Reason.PAID_DIFFERS, part, payment.due_on, expected_cents=gap)]


def _excess_inside(facts: Facts, lines: Sequence[Line]) -> list[Line]:
    """Where GSE's premium is the own premium with the own excess, and GSE names no excess, both differences are one habit."""
    by_contribution = {line.contribution: line for line in lines}
    premium, excess = by_contribution[Contribution.PREMIUM], by_contribution[Contribution.EXCESS]
    if premium.gse_difference is None or not excess.own_cents or excess.gse_cents is not None:
        return list(lines)
    if abs(premium.gse_difference - excess.own_cents) > facts.tolerance_cents:
        return list(lines)
    cents = {Contribution.PREMIUM: premium.gse_difference, Contribution.EXCESS: -excess.own_cents}
    return [
        replace(
            line,
            findings=(
                Finding(Side.GSE, Reason.EXCESS_INSIDE, cents[line.contribution]),
                *(one for one in line.findings if one.side == Side.BANK or one.reason == Reason.ADVANCE_DIFFERS),
            ),
        )
        if line.contribution in cents
        else line
        for line in lines
    ]


def _with_notes(facts: Facts, line: Line) -> Line:
    """An open difference that a person explained is explained, as long as it is still the same number of cents."""
    findings = tuple(
        replace(finding, reason=Reason.EXPLAINED)
        if finding.reason.is_open
        and facts.explained.get((line.month, line.contribution, finding.side)) == difference_of(line, finding.side)
        else finding
        for finding in line.findings
    )
    return replace(line, findings=findings)


def difference_of(line: Line, side: Side) -> int:
    """Return the difference of a side as a person sees and explains it: the sum of its open findings."""
    return sum(finding.cents for finding in line.findings if finding.side == side and _explainable(finding))


def _explainable(finding: Finding) -> bool:
    return finding.reason.is_open or finding.reason == Reason.EXPLAINED
