"""Twelve months, corrections and the excess: the ledger of the year is the annual formula, to the cent, after every approval.

The households draw 0.5 kWh in each quarter; the plant gives 0.5 or more from 10 to 14. So 8 kWh a day are shared all year long
and only the injection, which the excess is measured against, and the price move.
"""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from django.db.models import Sum

from apps.communities.models import Configuration, DistributionRule, MeteringPoint
from apps.engine.calendar import month_starts_at
from apps.engine.money import round_half_up
from apps.metering.models import Channel
from apps.settlement.models import ContributionTotal, LedgerEntry, SettlementRun, ZonalPrice
from tests.apps.settlement.corrected import approve, correct, settle
from tests.doors.backoffice import village as rows

pytestmark = pytest.mark.django_db
JANUARY = date(2023, 1, 1)
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
SHARED_WH = 8000  # a day


class Year:
    """The village over 2023, and what its months are worth by the formulas of the rules, worked out apart from the program."""

    def __init__(self) -> None:
        self.village = rows.make_village()
        Configuration.objects.filter(pk=self.village.configuration.pk).update(starts_on=JANUARY)
        DistributionRule.objects.update(valid_from=JANUARY)
        MeteringPoint.objects.update(valid_from=JANUARY)
        first = datetime(2022, 12, 31, 20, tzinfo=UTC)
        ZonalPrice.objects.bulk_create(
            ZonalPrice(zone="NORD", starts_at=first + timedelta(hours=hour), price_eur_per_mwh=Decimal(150))
            for hour in range(8800)
        )
        for number in range(1, 13):
            rows.make_measures(self.village, month=date(2023, number, 1))
        self.tariff = dict.fromkeys(range(1, 13), 120)  # €/MWh: 80 + min(40, 180 - Pz + 10), the North's 10 outside the cap
        self.quarter_wh = dict.fromkeys(range(1, 13), 1000)
        self.runs: dict[int, SettlementRun] = {}
        self.known: dict[int, tuple[int, int]] = {}  # month -> tariff and Wh a quarter as last approved

    def price(self, number: int, euros: int) -> None:
        """One price all month long, 150 to 180 €/MWh."""
        after = month_starts_at(2023 + number // 12, number % 12 + 1)
        hours = ZonalPrice.objects.filter(starts_at__gte=month_starts_at(2023, number), starts_at__lt=after)
        hours.update(price_eur_per_mwh=euros)
        self.tariff[number] = 80 + 180 - euros + 10

    def inject(self, number: int, wh: int) -> None:
        """So many Wh a quarter, at least 500."""
        quarters = np.zeros(rows.QUARTERS, np.int32)
        quarters[40:56] = wh
        rows._store(self.village.pods[0], Channel.INJECTED, quarters, date(2023, number, 1))
        self.quarter_wh[number] = wh

    def settle(self, number: int) -> SettlementRun:
        run = approve(settle(rows.open_run(self.village, month=date(2023, number, 1))), self.village)
        return self._keep(number, run)

    def correct(self, number: int) -> SettlementRun:
        return self._keep(number, approve(correct(self.runs[number], self.village), self.village))

    def _keep(self, number: int, run: SettlementRun) -> SettlementRun:
        self.runs[number] = run
        self.known[number] = self.tariff[number], self.quarter_wh[number]
        return run

    def expected(self) -> tuple[int, int]:
        """Gross premium and excess of the year so far, in cents (rules 3 and 5)."""
        gross, injected, shared = 0, 0, 0
        for number, (tariff, quarter_wh) in self.known.items():
            gross += round_half_up(Fraction(DAYS[number - 1] * SHARED_WH * tariff, 10_000))
            injected += DAYS[number - 1] * 16 * quarter_wh
            shared += DAYS[number - 1] * SHARED_WH
        points = max(Fraction(0), Fraction(shared, injected) - Fraction(55, 100))
        return gross, round_half_up(points * gross)

    def assert_closes(self) -> None:
        gross, excess = self.expected()
        assert posted() == {"premium": gross - excess, "excess": excess, "valorisation": posted()["valorisation"]}


def posted() -> dict[str, int]:
    entries = LedgerEntry.objects.filter(run__state="approved").order_by().values_list("contribution")
    found = dict.fromkeys(("premium", "valorisation", "excess"), 0)
    return found | {name: int(cents) for name, cents in entries.annotate(cents=Sum("cents"))}


def amounts(run: SettlementRun) -> dict[str, int]:
    return dict(ContributionTotal.objects.filter(run=run).values_list("contribution", "amount_cents"))


def test_a_year_with_two_corrections_after_december_closes_by_hand() -> None:
    """365 days × 8 kWh × 120 €/MWh = 350.40 €. To June 16 kWh a day are injected (181 days), then 8 (184 days): 4368 kWh.

    2920 / 4368 is 11.8498 points beyond 55 %: excess 41.52 €. May injected only 248 instead of 496 kWh: 2920 / 4120, 15.8738
    points, 55.62 €: the correction posts +14.10 of excess, -14.10 of premium. March at 170 €/MWh: 24.80 instead of 29.76 € of
    premium, so 345.44 € in the year and 54.83 € of excess: -0.79, and -4.96 + 0.79 = -4.17 of premium.
    """
    year = Year()
    for number in range(7, 13):
        year.inject(number, 500)
    for number in range(1, 13):
        year.settle(number)
    assert (posted()["excess"], posted()["premium"]) == (4152, 35040 - 4152)
    year.inject(5, 500)
    assert amounts(year.correct(5)) == {"premium": -1410, "valorisation": 0, "excess": 1410}
    year.price(3, 170)
    assert amounts(year.correct(3)) == {"premium": -417, "valorisation": 0, "excess": -79}
    assert (posted()["excess"], posted()["premium"]) == (5483, 34544 - 5483)
    year.assert_closes()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_corrected_when_the_year_closes_after_every_approval(seed: int) -> None:
    dice = random.Random(seed)
    year = Year()
    for number in range(1, 13):
        year.inject(number, dice.choice((500, 600, 1000)))
    corrections = 0
    for number in range(1, 13):
        year.settle(number)
        year.assert_closes()
        if dice.random() < 0.3 or number == 12:
            chosen = dice.randint(1, number)
            if dice.random() < 0.5:
                year.price(chosen, dice.randint(150, 180))
            else:
                year.inject(chosen, dice.choice((500, 700, 1200)))
            year.correct(chosen)
            corrections += 1
            year.assert_closes()
    assert corrections
    assert posted()["excess"] > 0


def test_a_correction_that_looks_at_earlier_months_only_does_not_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the year to date of any other run, taken for a correction of an earlier month, leaves the year open."""
    from apps.settlement import history, inputs
    from apps.settlement import posted as ground

    def only_before(run: SettlementRun):
        return history.get_year_to_date(configuration_id=run.configuration_id, before=run.month)

    monkeypatch.setattr(inputs, "get_year_of_run", only_before)
    monkeypatch.setattr(ground, "get_year_of_run", only_before)
    year = Year()
    for number in range(1, 4):
        year.inject(number, 500)
        year.settle(number)
    year.inject(1, 700)
    year.correct(1)
    with pytest.raises(AssertionError):
        year.assert_closes()
