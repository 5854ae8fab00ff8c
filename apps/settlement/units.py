"""Whole Wh and cents as people and interfaces write them. Exact: the point moves, nothing is rounded."""

from decimal import Decimal


def kwh(wh: int) -> str:
    """Wh as kWh with three decimals."""
    return str(Decimal(wh).scaleb(-3).quantize(Decimal("0.001")))


def eur(cents: int) -> str:
    """Cents as euros with two decimals."""
    return str(Decimal(cents).scaleb(-2).quantize(Decimal("0.01")))
