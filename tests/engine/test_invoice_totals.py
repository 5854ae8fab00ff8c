"""The totals of an invoice: VAT once per rate, stamp duty above 77.47 €, and a summary that foots."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.errors import InvalidAmount
from apps.engine.invoice_totals import NATURES, STAMP_NATURES, TaxedLine, VatGroup, invoice_totals

FULL, REDUCED, NONE = Decimal(22), Decimal(10), Decimal(0)


def test_vat_is_rounded_once_per_rate_not_once_per_line():
    # 3 x 0.03 € at 22 %: 0.09 x 0.22 = 0.0198 -> 0.02; by line it would be 3 x 0.01 = 0.03
    totals = invoice_totals([TaxedLine(3, FULL)] * 3)
    assert totals.groups == (VatGroup(FULL, "", 9, 2),)
    assert (totals.net_cents, totals.vat_cents, totals.total_cents) == (9, 2, 11)


def test_half_a_cent_of_vat_goes_up():
    assert invoice_totals([TaxedLine(25, REDUCED)]).vat_cents == 3


def test_rates_stand_from_the_highest_and_natures_by_code():
    lines = [
        TaxedLine(100_00, nature="N2.2"),
        TaxedLine(50_00, REDUCED),
        TaxedLine(10_00, nature="N1"),
        TaxedLine(20_00, Decimal("22.00")),
        TaxedLine(1_00, FULL),
    ]
    totals = invoice_totals(lines)
    assert totals.groups == (
        VatGroup(FULL, "", 21_00, 4_62),
        VatGroup(REDUCED, "", 50_00, 5_00),
        VatGroup(NONE, "N1", 10_00, 0),
        VatGroup(NONE, "N2.2", 100_00, 0),
    )
    assert totals.total_cents == 190_62
    assert (totals.stamp_duty_cents, totals.stamp_charged_cents) == (2_00, 0)


@pytest.mark.parametrize(
    ("lines", "stamp"),
    [
        ([TaxedLine(77_47, nature="N2.2")], 0),
        ([TaxedLine(77_48, nature="N2.2")], 2_00),
        ([TaxedLine(40_00, nature="N1"), TaxedLine(37_48, nature="N4")], 2_00),
        ([TaxedLine(500_00, nature="N6.8")], 0),
        ([TaxedLine(500_00, nature="N3.2")], 0),
        ([TaxedLine(500_00, FULL), TaxedLine(77_47, nature="N1")], 0),
        ([TaxedLine(500_00, FULL), TaxedLine(77_48, nature="N1")], 2_00),
        ([TaxedLine(80_00, nature="N2.2"), TaxedLine(-3_00, nature="N2.2")], 0),
    ],
)
def test_stamp_duty_is_due_on_what_is_outside_vat_above_the_threshold(lines, stamp):
    assert invoice_totals(lines).stamp_duty_cents == stamp


def test_a_stamp_that_the_customer_pays_is_a_line_outside_vat():
    totals = invoice_totals([TaxedLine(100_00, nature="N2.2")], charge_stamp=True)
    assert totals.groups == (VatGroup(NONE, "N1", 2_00, 0), VatGroup(NONE, "N2.2", 100_00, 0))
    assert (totals.stamp_duty_cents, totals.stamp_charged_cents, totals.total_cents) == (2_00, 2_00, 102_00)
    # the charge itself never lifts the sum over the threshold
    assert invoice_totals([TaxedLine(77_00, nature="N1")], charge_stamp=True).total_cents == 77_00


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "without lines"),
        ([TaxedLine(100)], "nature ''"),
        ([TaxedLine(100, FULL, "N1")], "nature 'N1'"),
        ([TaxedLine(100, nature="N2")], "'N2', which is none"),
        ([TaxedLine(100, Decimal(-1))], "-1 %"),
        ([TaxedLine(100, Decimal(101))], "101 %"),
        ([TaxedLine(1, FULL), TaxedLine(-5, FULL)], "below zero"),
    ],
)
def test_what_is_no_invoice_is_refused(lines, words):
    with pytest.raises(InvalidAmount, match=words):
        invoice_totals(lines)


LINES = st.lists(
    st.one_of(
        st.builds(TaxedLine, st.integers(0, 10**7), st.sampled_from([Decimal(4), Decimal(5), REDUCED, FULL])),
        st.builds(lambda net, nature: TaxedLine(net, nature=nature), st.integers(0, 10**7), st.sampled_from(NATURES)),
    ),
    min_size=1,
    max_size=20,
)


@given(LINES, st.booleans())
def test_the_summary_foots_and_no_rate_is_more_than_half_a_cent_off(lines, charge):
    totals = invoice_totals(lines, charge_stamp=charge)
    assert totals.net_cents == sum(line.net_cents for line in lines) + totals.stamp_charged_cents
    assert totals.total_cents == sum(group.net_cents + group.vat_cents for group in totals.groups)
    assert len({(group.vat_percent, group.nature) for group in totals.groups}) == len(totals.groups)
    for group in totals.groups:
        assert abs(group.vat_cents - Fraction(group.net_cents) * Fraction(group.vat_percent) / 100) <= Fraction(1, 2)
    outside = sum(line.net_cents for line in lines if line.nature in STAMP_NATURES)
    assert totals.stamp_duty_cents == (200 if outside > 7747 else 0)
    assert invoice_totals(list(reversed(lines)), charge_stamp=charge) == totals
