"""What GSE keeps and what it holds back: its yearly fee per plant, and the threshold below which it pays nothing yet.

The fee is that of DM 106/2024, annex 1 a, "increased by the rate of VAT" (annex 2 a); the threshold that of RO p.39.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from apps.engine.errors import InvalidAmount
from apps.engine.money import round_half_up

_PERCENT = 100


@dataclass(frozen=True, slots=True)
class FeeParameters:
    """The yearly fee: nothing up to `free_up_to_kw` included, else `fixed_cents`, and `cents_per_kw` beyond `fixed_up_to_kw`."""

    free_up_to_kw: Decimal
    fixed_up_to_kw: Decimal
    fixed_cents: int
    cents_per_kw: int


@dataclass(frozen=True, slots=True)
class Fee:
    """One plant's fee for one year, in cents. The VAT is computed on the rounded net."""

    net_cents: int
    vat_cents: int

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


@dataclass(frozen=True, slots=True)
class Payable:
    """What a balance turns into: `paid_cents` now (never below zero), `carried_cents` to the next month. Both sum to it."""

    paid_cents: int
    carried_cents: int


def yearly_fee(power_kw: Decimal, vat_percent: Decimal, fee: FeeParameters) -> Fee:
    """Return GSE's fee for one plant and year: exact for powers with decimals, net and VAT each rounded half-up once.

    20.5 kW pay 15.50 €. VAT per plant may differ by a cent from VAT on GSE's invoice, which sums its plants first.
    Errors: `InvalidAmount` for a power that is not positive or a VAT below zero.
    """
    if power_kw <= 0 or vat_percent < 0:
        raise InvalidAmount(
            f"No fee can be computed for {power_kw} kW at {vat_percent} % VAT. Enter a power above zero and the rate in force."
        )
    if power_kw <= fee.free_up_to_kw:
        return Fee(net_cents=0, vat_cents=0)
    beyond = max(Fraction(0), Fraction(power_kw) - Fraction(fee.fixed_up_to_kw))
    net = round_half_up(fee.fixed_cents + beyond * fee.cents_per_kw)
    return Fee(net_cents=net, vat_cents=round_half_up(Fraction(vat_percent) * net * Fraction(1, _PERCENT)))


def payable(balance_cents: int, threshold_cents: int) -> Payable:
    """Return what is paid of a balance: all of it from the threshold up, nothing below; a debt is carried over (RO p.39-40).

    The balance is net of GSE's fees and of what earlier months left. Errors: `InvalidAmount` for a threshold below zero.
    """
    if threshold_cents < 0:
        raise InvalidAmount(f"A payment threshold of {threshold_cents} cents makes no sense. Enter zero or more.")
    if balance_cents > 0 and balance_cents >= threshold_cents:
        return Payable(paid_cents=balance_cents, carried_cents=0)
    return Payable(paid_cents=0, carried_cents=balance_cents)
