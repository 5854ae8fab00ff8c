"""How published amounts become payments of GSE, and which receipts of the bank pay which of them (RO p.39-40).

GSE pays everything that it published in a month with one transfer, on the last working day of the next month, net of its fees,
and from the threshold up; what is below it, or a debt, goes on to the next payment. One line of the bank therefore pays several
months and contributions, and says nothing of them: the attribution is ours, exact to the cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from apps.engine.gse_dates import payment_due_on
from apps.engine.gse_fees import payable
from apps.engine.money import allocate

FEE = "fee"
MOST_DAYS_APART = 45


@dataclass(frozen=True, slots=True)
class Published:
    """One amount that GSE published. `item` is a contribution or `fee` (negative); `number` is the caller's."""

    number: int
    month: date
    item: str
    kind: str
    cents: int
    published_on: date


@dataclass(frozen=True, slots=True)
class Receipt:
    """One amount that the bank received, with the caller's number for it."""

    number: int
    value_date: date
    cents: int


@dataclass(frozen=True, slots=True)
class Payment:
    """One transfer that GSE owes: the lines sum to `cents`. `receipts` are those that pay it, none yet for a missing one."""

    due_on: date
    lines: tuple[Published, ...]
    cents: int
    receipts: tuple[Receipt, ...] = ()

    @property
    def received_cents(self) -> int | None:
        """What came for it; None as long as nothing did, which is not the same as zero."""
        return sum(receipt.cents for receipt in self.receipts) if self.receipts else None

    @property
    def fee_cents(self) -> int:
        return sum(line.cents for line in self.lines if line.item == FEE)


@dataclass(frozen=True, slots=True)
class Payments:
    """All payments by date; `carried` are the lines that wait below the threshold; `unmatched` what nobody expected."""

    payments: tuple[Payment, ...]
    carried: tuple[Published, ...]
    unmatched: tuple[Receipt, ...]


def plan_payments(
    published: Sequence[Published],
    receipts: Sequence[Receipt],
    threshold_cents: int,
    said: Mapping[int, int | None] | None = None,
) -> Payments:
    """Return the payments that published amounts make, with the receipts that pay them, whatever the order of the inputs.

    `said` maps a receipt's number to the amount whose payment it is, None for no payment, where a person knows better than the
    amounts and dates tell. An amount that waits below the threshold and was paid all the same makes what waits a payment.
    """
    said = {one.number: said[one.number] for one in receipts if one.number in said} if said else {}
    waiting: list[Published] = []
    planned: list[Payment] = []
    by_date: dict[date, list[Published]] = {}
    for line in sorted(published, key=_order):
        by_date.setdefault(payment_due_on(line.published_on), []).append(line)
    for due_on in sorted(by_date):
        waiting += by_date[due_on]
        if payable(sum(line.cents for line in waiting), threshold_cents).paid_cents:
            planned.append(Payment(due_on, tuple(waiting), sum(line.cents for line in waiting)))
            waiting = []
    if {line.number for line in waiting} & set(said.values()):
        due_on = max(payment_due_on(line.published_on) for line in waiting)
        planned.append(Payment(due_on, tuple(waiting), sum(line.cents for line in waiting)))
        waiting = []
    matched, unmatched = _match(planned, sorted(receipts, key=lambda one: (one.value_date, one.number)), said)
    return Payments(tuple(matched), tuple(waiting), tuple(unmatched))


def attribute(payment: Payment) -> dict[int, int]:
    """Return what was received for each line of a payment, by its number; nothing when nothing came.

    Fees count as netted in full; a gap between what came and what was due is shared over the other lines in proportion to their
    size, whole cents, largest remainder. The parts sum to what was received exactly.
    """
    if payment.received_cents is None:
        return {}
    gap = payment.received_cents - payment.cents
    sharing = [line for line in payment.lines if line.item != FEE] or list(payment.lines)
    weights = [abs(line.cents) for line in sharing]
    parts = allocate(gap, weights if any(weights) else [1] * len(weights))
    received = {line.number: line.cents for line in payment.lines}
    for line, part in zip(sharing, parts, strict=True):
        received[line.number] += part
    return received


def attribute_receipts(payment: Payment) -> dict[int, dict[str, int]]:
    """Return what each receipt of a payment brought per item, by the receipt's number: `attribute`, told apart by transfer.

    The parts of a receipt sum to it exactly, and the receipts together to `attribute`. One receipt brings all of it; of several,
    each but the last brings what is still due in proportion, and the last the rest, the netted fees included.
    """
    left: dict[str, int] = {}
    received = attribute(payment)
    for line in payment.lines:
        left[line.item] = left.get(line.item, 0) + received.get(line.number, 0)
    brought: dict[int, dict[str, int]] = {}
    for receipt in payment.receipts[:-1]:
        names = [name for name in left if name != FEE] or list(left)
        weights = [max(left[name], 0) for name in names]
        parts = dict(zip(names, allocate(receipt.cents, weights if any(weights) else [1] * len(names)), strict=True))
        left = {name: cents - parts.get(name, 0) for name, cents in left.items()}
        brought[receipt.number] = parts
    for receipt in payment.receipts[-1:]:
        brought[receipt.number] = left
    return brought


def attribute_all(payments: Payments) -> Mapping[int, int]:
    """Return the same over all payments: number of the published amount -> cents received for it."""
    return {number: cents for payment in payments.payments for number, cents in attribute(payment).items()}


def _order(line: Published) -> tuple[date, date, str, int]:
    return line.published_on, line.month, line.item, line.number


def _match(
    planned: Sequence[Payment], receipts: Sequence[Receipt], said: Mapping[int, int | None]
) -> tuple[list[Payment], list[Receipt]]:
    """Give each receipt its payment: what a person said, then the same amount nearest in time, then what is due in its month.

    The nearest pairs of all are taken first: among equal advances a late receipt must not take the place of the next one.
    """
    taken: dict[int, list[Receipt]] = {}
    place_of = {line.number: place for place, payment in enumerate(planned) for line in payment.lines}
    left = {receipt.number: receipt for receipt in receipts if receipt.number not in said}
    unmatched: list[Receipt] = []
    for receipt in receipts:
        if receipt.number in said:
            known = place_of.get(said[receipt.number] or 0)
            (unmatched if known is None else taken.setdefault(known, [])).append(receipt)
    by_hand = set(taken)
    exact = {place for place in by_hand if sum(one.cents for one in taken[place]) == planned[place].cents}
    pairs = sorted(
        (abs((receipt.value_date - payment.due_on).days), receipt.value_date, receipt.number, place)
        for place, payment in enumerate(planned)
        for receipt in receipts
        if receipt.cents == payment.cents
    )
    for apart, _day, number, place in pairs:
        if apart <= MOST_DAYS_APART and number in left and place not in taken:
            taken[place] = [left.pop(number)]
    exact |= set(taken) - by_hand
    for number, receipt in sorted(left.items(), key=lambda item: (item[1].value_date, item[0])):
        month = (receipt.value_date.year, receipt.value_date.month)
        due = [
            place
            for place, payment in enumerate(planned)
            if (payment.due_on.year, payment.due_on.month) == month and place not in exact
        ]
        if due:
            taken.setdefault(due[0], []).append(left.pop(number))
    matched = [replace(payment, receipts=tuple(taken.get(place, ()))) for place, payment in enumerate(planned)]
    return matched, sorted([*unmatched, *left.values()], key=lambda one: (one.value_date, one.number))
