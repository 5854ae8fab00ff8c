"""The only rounding and the only split of the whole program.

Half-up means half away from zero, so that a correction of -0.005 € undoes a posting of +0.005 € exactly. A split never loses
and never invents a cent: largest remainder, ties to the lower index (callers sort by code or POD). The matrix form splits Wh
(settlement-rules 2.7) by the same rule; tests hold it against the scalar form.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from apps.engine.errors import InputsInconsistent, NegativeWeight, NoWeight

# Wh x µ€/MWh = 10^-12 €, so 10^10 of them are one cent.
WH_UEUR_PER_MWH_PER_CENT = 10**10
INT64_MAX = 2**63 - 1


def round_half_up(value: Fraction | Decimal | int) -> int:
    """Return the nearest whole number; exact halves go away from zero: 0.5 -> 1, -0.5 -> -1."""
    numerator, denominator = value.as_integer_ratio()
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide a whole amount (cents or Wh) in proportion to whole weights, by largest remainder, ties to the lower index.

    The parts sum to the amount exactly; a negative amount gives the mirror image of the positive one; zero weight gets 0.
    Errors: `NegativeWeight`; `NoWeight` when all weights are zero (or there are none).
    """
    total = sum(weights)
    if any(weight < 0 for weight in weights):
        raise NegativeWeight(
            f"The weight {min(weights)} is below zero. Correct the energies or shares that the split is based on."
        )
    if total == 0:
        raise NoWeight(f"{amount} cannot be divided: every weight is zero. Send it to an account instead.")
    size = abs(amount)
    parts = [size * weight // total for weight in weights]
    left = size - sum(parts)
    if left:
        remainders = [size * weight % total for weight in weights]
        for index in sorted(range(len(parts)), key=lambda i: -remainders[i])[:left]:
            parts[index] += 1
    return parts if amount >= 0 else [-part for part in parts]


def allocate_columns(amounts: NDArray[np.int64], weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Divide each `amounts[h]` by the weights of column h, by exactly the rule of `allocate`.

    Shapes: `amounts` (H,), `weights` (P, H) -> (P, H) int64. A column whose amount is 0 gives zeros whatever its weights.
    Errors: `NegativeWeight`; `NoWeight` when a column with an amount has no weight; `InputsInconsistent` for other shapes.
    """
    if weights.ndim != 2 or amounts.shape != weights.shape[1:]:
        raise InputsInconsistent(
            f"Amounts of shape {amounts.shape} do not fit weights of shape {weights.shape}: one amount per column."
        )
    if weights.size and int(weights.min()) < 0:
        raise NegativeWeight(f"The weight {int(weights.min())} is below zero. Correct the energies that the split is based on.")
    parts = np.zeros(weights.shape, np.int64)
    for column in np.flatnonzero(amounts):
        parts[:, column] = _allocate_column(int(amounts[column]), np.ascontiguousarray(weights[:, column]))
    return parts


def _allocate_column(amount: int, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Divide one amount over (P,) weights. Falls back to Python's unbounded integers where a product would not fit int64."""
    total = sum(weights.tolist()) if weights.size else 0
    if total == 0:
        raise NoWeight(f"{amount} cannot be divided: every weight is zero. Send it to an account instead.")
    size = abs(amount)
    if size * int(weights.max()) > INT64_MAX or total > INT64_MAX:
        return np.array(allocate(amount, weights.tolist()), np.int64)
    products = weights * size
    parts = products // total
    left = size - int(parts.sum())
    if left:
        remainders = products - parts * total
        parts[np.argsort(-remainders, kind="stable")[:left]] += 1
    return parts if amount > 0 else -parts
