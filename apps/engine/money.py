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
_COLUMNS_PER_BLOCK = 128
_ROWS_PER_BLOCK = 128


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
    if weights and min(weights) < 0:
        raise _negative(min(weights))
    if total == 0:
        raise _nobody(amount)
    size = abs(amount)
    products = [size * weight for weight in weights]
    parts = [product // total for product in products]
    left = size - sum(parts)
    if left:
        remainders = [product % total for product in products]
        # A reversed sort still keeps equals in their order: the lower index first.
        for index in sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)[:left]:
            parts[index] += 1
    return parts if amount >= 0 else [-part for part in parts]


def allocate_columns(amounts: NDArray[np.int64], weights: NDArray[np.int64]) -> None:
    """Divide each `amounts[h]` by the weights of column h, by exactly the rule of `allocate`. The parts replace the weights.

    In place because the weights of a month of ten thousand points are 60 MB, and touching as much again takes longer than
    the arithmetic. Shapes: `amounts` (H,), `weights` (P, H). A column whose amount is 0 becomes zeros whatever its weights.
    Where a product might not fit 64 bits, the scalar form with Python's unbounded integers does the work.
    Errors: `NegativeWeight`; `NoWeight` when a column with an amount has no weight; `InputsInconsistent` for other shapes.
    After an error the weights may be half replaced.
    """
    if weights.ndim != 2 or amounts.shape != weights.shape[1:]:
        raise InputsInconsistent(f"Amounts of shape {amounts.shape} do not fit weights of shape {weights.shape}: one per column.")
    if int(weights.min(initial=0)) < 0:
        raise _negative(int(weights.min()))
    largest_amount = max(-int(amounts.min(initial=0)), int(amounts.max(initial=0)))
    if int(weights.max(initial=0)) * max(weights.shape[0], largest_amount) > INT64_MAX:
        _allocate_each(amounts, weights)
        return
    totals = weights.sum(axis=0)
    weights *= amounts != 0
    # Where everything is shared, everybody keeps all of their weight: nothing to divide.
    columns = np.flatnonzero((amounts != 0) & (amounts != totals))
    for start in range(0, columns.size, _COLUMNS_PER_BLOCK):
        block = columns[start : start + _COLUMNS_PER_BLOCK]
        turned = np.empty((block.size, weights.shape[0]), np.int64)
        for rows in _row_blocks(weights.shape[0]):
            turned[:, rows] = weights[rows][:, block].T
        for row, amount, total in zip(turned, amounts[block].tolist(), totals[block].tolist(), strict=True):
            _allocate_row(amount, total, row)
        for rows in _row_blocks(weights.shape[0]):
            weights[rows][:, block] = turned[:, rows].T


def _row_blocks(rows: int) -> list[slice]:
    """Return slices of a few rows: a matrix turned piece by piece in the cache is turned three times faster."""
    return [slice(start, start + _ROWS_PER_BLOCK) for start in range(0, rows, _ROWS_PER_BLOCK)]


def _allocate_each(amounts: NDArray[np.int64], weights: NDArray[np.int64]) -> None:
    for column, amount in enumerate(amounts.tolist()):
        weights[:, column] = allocate(amount, weights[:, column].tolist()) if amount else 0


def _allocate_row(amount: int, total: int, row: NDArray[np.int64]) -> None:
    """Replace one row of weights by its parts of the amount. All products fit int64."""
    if total == 0:
        raise _nobody(amount)
    size = abs(amount)
    products = row * size
    np.floor_divide(products, total, out=row)
    left = size - int(row.sum())
    if left:
        remainders = products - row * total
        # The remainders sum to left x total and each is below total: more than `left` of them are above zero.
        threshold = np.partition(remainders, -left)[-left]
        above = remainders > threshold
        row += above
        ties = np.flatnonzero(remainders == threshold)
        row[ties[: left - int(np.count_nonzero(above))]] += 1
    if amount < 0:
        np.negative(row, out=row)


def _negative(weight: int) -> NegativeWeight:
    return NegativeWeight(f"The weight {weight} is below zero. Correct the energies or shares that the split is based on.")


def _nobody(amount: int) -> NoWeight:
    return NoWeight(f"{amount} cannot be divided: every weight is zero. Send it to an account instead.")
