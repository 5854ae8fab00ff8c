"""Zonal prices: €/MWh as published become whole µ€/MWh, exactly (settlement-rules 3)."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from apps.engine.decimals import exact
from apps.engine.errors import InvalidNumber
from apps.engine.money import round_half_up

UEUR_PER_EUR = 10**6
# The market's own technical limits are -500 and +5000 €/MWh; a hundred times more is a unit mistaken, not a price.
_LARGEST_EUR_PER_MWH = 500_000


def ueur_per_mwh(price_eur_per_mwh: Decimal | str | int) -> int:
    """Return a price in whole µ€/MWh. Published prices have at most six decimals; further ones are rounded half-up.

    Negative prices are lawful. Errors: `InvalidNumber` beyond ±500 000 €/MWh or for a text that is no number.
    """
    price = exact(price_eur_per_mwh)
    if abs(price) > _LARGEST_EUR_PER_MWH:
        raise InvalidNumber(f"A price of {price_eur_per_mwh} €/MWh is beyond any market limit. Check the unit of the file.")
    return round_half_up(price * UEUR_PER_EUR)


def hourly_mean(quarters_ueur_per_mwh: Sequence[int]) -> int:
    """Return the price of the hour from those of its quarters: their exact mean, half-up to the µ€ when it is not whole.

    Delivery from 2025-10-01 is priced per quarter hour, the premium per hour (settlement-rules 3).
    Errors: `InvalidNumber` unless there are four quarters.
    """
    if len(quarters_ueur_per_mwh) != 4:
        raise InvalidNumber(
            f"An hour has four quarters, {len(quarters_ueur_per_mwh)} prices were given. Import the missing prices."
        )
    return round_half_up(Fraction(sum(quarters_ueur_per_mwh), 4))
