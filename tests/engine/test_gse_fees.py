"""GSE's yearly fee (DM 106/2024) and the threshold of payment (RO p.39)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.errors import InvalidAmount
from apps.engine.gse_fees import FeeParameters, Payable, payable, yearly_fee

FEE_2024 = FeeParameters(free_up_to_kw=Decimal(3), fixed_up_to_kw=Decimal(20), fixed_cents=15_00, cents_per_kw=1_00)
THRESHOLD = 50_00


@pytest.mark.parametrize(
    ("power", "net", "vat"),
    [
        ("0.5", 0, 0),
        ("3", 0, 0),
        ("3.01", 15_00, 3_30),
        ("20", 15_00, 3_30),
        ("20.01", 15_01, 3_30),  # 22 % of 15.01 is 3.3022
        ("20.5", 15_50, 3_41),
        ("20.005", 15_01, 3_30),  # half a cent goes up
        ("99.9", 94_90, 20_88),  # 20.878
        ("100", 95_00, 20_90),
        ("1000", 995_00, 218_90),
    ],
)
def test_the_fee_by_power(power, net, vat):
    fee = yearly_fee(Decimal(power), Decimal(22), FEE_2024)
    assert (fee.net_cents, fee.vat_cents, fee.gross_cents) == (net, vat, net + vat)


def test_a_fee_without_vat():
    assert yearly_fee(Decimal(50), Decimal(0), FEE_2024).gross_cents == 45_00


@pytest.mark.parametrize(("power", "vat"), [("0", "22"), ("-1", "22"), ("10", "-1")])
def test_no_power_no_fee(power, vat):
    with pytest.raises(InvalidAmount, match=f"{power} kW"):
        yearly_fee(Decimal(power), Decimal(vat), FEE_2024)


@given(st.decimals("0.001", "1000", places=3), st.decimals("0.001", "1000", places=3))
def test_a_larger_plant_never_pays_less(one, other):
    low, high = sorted((one, other))
    assert yearly_fee(low, Decimal(22), FEE_2024).gross_cents <= yearly_fee(high, Decimal(22), FEE_2024).gross_cents


@pytest.mark.parametrize(
    ("balance", "paid", "carried"),
    [
        (50_00, 50_00, 0),
        (49_99, 0, 49_99),
        (495_00, 495_00, 0),
        (0, 0, 0),
        (-1, 0, -1),
        (-80_00, 0, -80_00),
    ],
)
def test_what_is_paid_from_fifty_euro_up_and_what_waits(balance, paid, carried):
    assert payable(balance, THRESHOLD) == Payable(paid_cents=paid, carried_cents=carried)


def test_without_a_threshold_everything_above_zero_is_paid_and_a_debt_still_waits():
    assert payable(1, 0) == Payable(1, 0)
    assert payable(0, 0) == Payable(0, 0)
    assert payable(-1, 0) == Payable(0, -1)
    with pytest.raises(InvalidAmount, match="-5 cents"):
        payable(100, -5)


@given(st.lists(st.integers(-100_00, 100_00), max_size=30), st.integers(0, 100_00))
def test_over_the_months_nothing_is_lost_between_paid_and_carried(months, threshold):
    carried = paid = 0
    for amount in months:
        result = payable(carried + amount, threshold)
        assert result.paid_cents == 0 or result.paid_cents >= threshold
        paid, carried = paid + result.paid_cents, result.carried_cents
        assert carried < max(threshold, 1)
    assert paid + carried == sum(months)
