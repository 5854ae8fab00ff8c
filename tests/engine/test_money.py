"""One rounding, one split: every cent and every Wh accounted for."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.errors import InputsInconsistent, NegativeWeight, NoWeight
from apps.engine.money import allocate, allocate_columns, round_half_up

WEIGHTS = st.lists(st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 10**15)), min_size=1, max_size=40)
AMOUNTS = st.one_of(st.integers(-50, 50), st.integers(-(10**12), 10**12))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(1, 2), 1),
        (Fraction(-1, 2), -1),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 3),
        (Fraction(-5, 2), -3),
        (Fraction(49, 100), 0),
        (Fraction(-49, 100), 0),
        (Decimal("2.5"), 3),
        (Decimal("4500.5"), 4501),
        (Decimal("-0.4999999999999999999999999"), 0),
        (7, 7),
        (-7, -7),
        (0, 0),
        (Fraction(10**40 + 1, 2), (10**40 + 2) // 2),
    ],
)
def test_halves_go_away_from_zero(value: Fraction | Decimal | int, expected: int) -> None:
    assert round_half_up(value) == expected


@given(st.fractions())
def test_rounding_mirrors_and_is_never_more_than_half_off(value: Fraction) -> None:
    rounded = round_half_up(value)
    assert round_half_up(-value) == -rounded
    assert abs(rounded - value) <= Fraction(1, 2)


def test_the_rest_goes_to_the_largest_remainders_and_ties_to_the_lower_index() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(101, [1, 1, 1]) == [34, 34, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(10, [3, 3, 4]) == [3, 3, 4]
    assert allocate(1, [1, 2, 2]) == [0, 1, 0]
    assert allocate(5, [0, 7, 0]) == [0, 5, 0]


def test_one_cent_over_a_thousand_members_goes_to_the_first() -> None:
    assert allocate(1, [1] * 1000) == [1] + [0] * 999
    assert allocate(-1, [1] * 1000) == [-1] + [0] * 999


def test_one_member_gets_everything() -> None:
    assert allocate(12_345, [7]) == [12_345]
    assert allocate(-12_345, [7]) == [-12_345]
    assert allocate(0, [7]) == [0]


@given(AMOUNTS, WEIGHTS)
def test_the_parts_sum_to_the_amount_and_each_is_less_than_one_off(amount: int, weights: list[int]) -> None:
    total = sum(weights)
    if total == 0:
        with pytest.raises(NoWeight):
            allocate(amount, weights)
        return
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * total - amount * weight) < total
        assert part * amount >= 0, "nobody pays for a positive amount"
        assert weight or part == 0
    assert allocate(-amount, weights) == [-part for part in parts]


@given(AMOUNTS, WEIGHTS)
def test_a_larger_weight_never_gets_less(amount: int, weights: list[int]) -> None:
    if sum(weights):
        parts = allocate(abs(amount), weights)
        by_weight = sorted(zip(weights, parts, strict=True))
        assert all(low[1] <= high[1] for low, high in pairwise(by_weight) if low[0] < high[0])


@given(AMOUNTS, WEIGHTS, st.integers(-(10**9), -1))
def test_a_negative_weight_is_refused(amount: int, weights: list[int], negative: int) -> None:
    with pytest.raises(NegativeWeight, match=str(negative)):
        allocate(amount, [*weights, negative])


def test_nobody_to_divide_among_is_an_error_with_a_name() -> None:
    with pytest.raises(NoWeight, match="every weight is zero"):
        allocate(5, [])
    with pytest.raises(NoWeight):
        allocate(0, [0, 0])


def divided(amounts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    parts = weights.copy()
    allocate_columns(amounts, parts)
    return parts


def _scalar(amounts: np.ndarray, weights: np.ndarray) -> list[list[int]]:
    columns = [
        allocate(int(amount), weights[:, h].tolist()) if amount else [0] * weights.shape[0] for h, amount in enumerate(amounts)
    ]
    return np.array(columns, object).T.tolist() if columns else [[] for _ in range(weights.shape[0])]


@given(st.integers(1, 30), st.integers(0, 12), st.sampled_from([1, 3, 50, 10**6, 2**33, 2**61]), st.integers(0, 2**32))
def test_the_matrix_form_is_the_scalar_form_column_by_column(rows: int, columns: int, scale: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, scale + 1, (rows, columns), np.int64)
    weights[rng.random(weights.shape) < 0.3] = 0
    totals = [sum(weights[:, h].tolist()) for h in range(columns)]
    amounts = np.array([min(int(rng.integers(0, 2**40)), total) if total else 0 for total in totals], np.int64)
    amounts *= rng.choice(np.array([-1, 1]), columns)
    parts = divided(amounts, weights)
    assert parts.dtype == np.int64
    assert parts.tolist() == _scalar(amounts, weights)


@pytest.mark.parametrize("rows", [100, 1000, 5000])
def test_many_rows_with_all_kinds_of_remainders_are_divided_like_few(rows: int) -> None:
    rng = np.random.default_rng(rows)
    weights = rng.integers(0, 3000, (rows, 12), np.int64)
    amounts = (weights.sum(axis=0) * rng.integers(1, 1000, 12)) // 1000
    assert divided(amounts, weights).tolist() == _scalar(amounts, weights)


@pytest.mark.parametrize("amount", [2**31 - 1, 2**31, 2**31 + 1, 2**32])
def test_products_on_either_side_of_64_bits_are_exact(amount: int) -> None:
    weights = [2**32, 2**31, 7]
    parts = divided(np.array([amount], np.int64), np.array([weights], np.int64).T)
    assert parts[:, 0].tolist() == allocate(amount, weights)


def test_a_column_that_gives_everything_gives_everybody_all_they_asked_for() -> None:
    weights = np.array([[3, 0], [4, 5], [0, 1]], np.int64)
    assert divided(np.array([7, 6], np.int64), weights).tolist() == [[3, 0], [4, 5], [0, 1]]


def test_ties_between_many_rows_go_to_the_lower_rows() -> None:
    weights = np.ones((1000, 3), np.int64)
    parts = divided(np.array([1, 999, 0], np.int64), weights)
    assert np.flatnonzero(parts[:, 0]).tolist() == [0]
    assert np.flatnonzero(parts[:, 1] == 0).tolist() == [999]
    assert not parts[:, 2].any()


def test_columns_refuse_what_they_cannot_divide() -> None:
    with pytest.raises(NegativeWeight, match="-2"):
        allocate_columns(np.array([1], np.int64), np.array([[-2], [3]], np.int64))
    with pytest.raises(NoWeight):
        allocate_columns(np.array([1], np.int64), np.array([[0], [0]], np.int64))
    with pytest.raises(NoWeight):
        allocate_columns(np.array([1], np.int64), np.zeros((0, 1), np.int64))
    with pytest.raises(InputsInconsistent, match="one per column"):
        allocate_columns(np.array([1, 2], np.int64), np.array([[1], [3]], np.int64))
    with pytest.raises(InputsInconsistent):
        allocate_columns(np.array([1], np.int64), np.array([1], np.int64))
    assert divided(np.zeros(2, np.int64), np.zeros((3, 2), np.int64)).tolist() == [[0, 0]] * 3
