"""What an invoice comes to: VAT once per rate, stamp duty, total (DPR 633/1972 art. 21; DPR 642/1972; settlement-rules 8).

A line has a rate of VAT above zero, or a nature that says why it has none. Lines of the same rate (or the same nature) are summed
first and their VAT is rounded half-up once, so that the summary foots whatever the number of lines. Everything is whole cents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from apps.engine.errors import InvalidAmount
from apps.engine.money import round_half_up

# The natures that may stand on an invoice since 2021, when the general ones (N2, N3, N6) ceased to be valid.
NATURES = (
    *("N1", "N2.1", "N2.2", "N3.1", "N3.2", "N3.3", "N3.4", "N3.5", "N3.6", "N4", "N5"),
    *("N6.1", "N6.2", "N6.3", "N6.4", "N6.5", "N6.6", "N6.7", "N6.8", "N6.9", "N7"),
)
# Outside VAT or exempt from it. Reverse charge (N6) and exports bear VAT in the law's eyes, so they bear no stamp.
STAMP_NATURES = ("N1", "N2.1", "N2.2", "N3.5", "N3.6", "N4")
STAMP_THRESHOLD_CENTS = 77_47
STAMP_CENTS = 2_00
# A stamp that the customer pays back is an advance in their name, excluded from VAT by art. 15.
STAMP_CHARGE_NATURE = "N1"
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """One line of an invoice: its net amount, and either a rate above zero or a nature."""

    net_cents: int
    vat_percent: Decimal = Decimal(0)
    nature: str = ""


@dataclass(frozen=True, slots=True)
class VatGroup:
    """All lines of one rate or nature together."""

    vat_percent: Decimal
    nature: str
    net_cents: int
    vat_cents: int


@dataclass(frozen=True, slots=True)
class InvoiceTotals:
    """`groups`: rates from the highest, then natures by code. `stamp_duty_cents` is what the issuer owes the State (0 or 2.00 €);
    `stamp_charged_cents` the part of it that the customer pays, which is a line of its own in `groups`."""

    groups: tuple[VatGroup, ...]
    stamp_duty_cents: int
    stamp_charged_cents: int

    @property
    def net_cents(self) -> int:
        return sum(group.net_cents for group in self.groups)

    @property
    def vat_cents(self) -> int:
        return sum(group.vat_cents for group in self.groups)

    @property
    def total_cents(self) -> int:
        return self.net_cents + self.vat_cents


def invoice_totals(lines: Sequence[TaxedLine], *, charge_stamp: bool = False) -> InvoiceTotals:
    """Return the totals of an invoice or credit note (whose amounts are positive too).

    Stamp duty is due when the part without VAT (`STAMP_NATURES`) exceeds 77.47 €; with `charge_stamp` the customer pays it.
    Errors: `InvalidAmount` for no lines, a line without rate and nature or with both, an unknown nature, a rate outside 0..100,
    or a total below zero.
    """
    if not lines:
        raise InvalidAmount("An invoice without lines cannot be issued. Add what it is for.")
    for number, line in enumerate(lines, start=1):
        _check(number, line)
    without_vat = sum(line.net_cents for line in lines if line.nature in STAMP_NATURES)
    stamp = STAMP_CENTS if without_vat > STAMP_THRESHOLD_CENTS else 0
    charged = stamp if charge_stamp else 0
    all_lines = [*lines, TaxedLine(net_cents=charged, nature=STAMP_CHARGE_NATURE)] if charged else lines
    totals = InvoiceTotals(groups=_groups(all_lines), stamp_duty_cents=stamp, stamp_charged_cents=charged)
    if totals.total_cents < 0:
        raise InvalidAmount(f"The invoice comes to {totals.total_cents} cents, below zero. Issue a credit note instead.")
    return totals


def vat_of(net_cents: int, vat_percent: Decimal) -> int:
    """Return the VAT of one sum, rounded half-up once."""
    return round_half_up(Fraction(vat_percent) * net_cents * Fraction(1, _PERCENT))


def _groups(lines: Sequence[TaxedLine]) -> tuple[VatGroup, ...]:
    nets: dict[tuple[Decimal, str], int] = {}
    for line in lines:
        key = (line.vat_percent, line.nature)
        nets[key] = nets.get(key, 0) + line.net_cents
    return tuple(
        VatGroup(vat_percent=rate, nature=nature, net_cents=net, vat_cents=vat_of(net, rate))
        for (rate, nature), net in sorted(nets.items(), key=lambda item: (-item[0][0], item[0][1]))
    )


def _check(number: int, line: TaxedLine) -> None:
    if not 0 <= line.vat_percent <= _PERCENT:
        raise InvalidAmount(f"Line {number} has a VAT of {line.vat_percent} %. Enter a rate from 0 to 100.")
    if line.nature and line.nature not in NATURES:
        raise InvalidAmount(f"Line {number} has the nature {line.nature!r}, which is none. Use one of {', '.join(NATURES)}.")
    if bool(line.nature) == bool(line.vat_percent):
        raise InvalidAmount(
            f"Line {number} has a VAT of {line.vat_percent} % and the nature {line.nature!r}. "
            "Give it a rate above zero, or a nature that says why there is no VAT."
        )
