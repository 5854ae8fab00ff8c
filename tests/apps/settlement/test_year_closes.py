"""A year closes: advances, provisional months, the final true-up and two corrections come to what the rules say of the year.

Per member, account and contribution, to the cent, after every phase, against an oracle that knows the rules and not the program.
"""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db.models import Sum

from apps.communities.models import Configuration, DistributionRule, MeteringPoint
from apps.engine.calendar import month_days, month_starts_at
from apps.metering.models import Channel, DayCurve
from apps.settlement import operations
from apps.settlement.bounds import is_beyond_bounds, release_run
from apps.settlement.corrections import open_correction
from apps.settlement.models import LedgerEntry, SettlementRun, ZonalPrice
from tasks.settlement import settle_month
from tests.apps.settlement.corrected import NOW, approve
from tests.apps.settlement.year_oracle import Known, YearOracle
from tests.doors.backoffice import village as rows

pytestmark = pytest.mark.django_db
JANUARY = date(2023, 1, 1)
OCTOBER = 10


class Year:
    """The village in 2023, month by month as it becomes known, and the oracle beside it."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.village = rows.make_village()
        Configuration.objects.filter(pk=self.village.configuration.pk).update(starts_on=JANUARY)
        DistributionRule.objects.update(valid_from=JANUARY)
        MeteringPoint.objects.update(valid_from=JANUARY)
        first = datetime(2022, 12, 31, 20, tzinfo=UTC)
        ZonalPrice.objects.bulk_create(
            ZonalPrice(zone="NORD", starts_at=first + timedelta(hours=hour), price_eur_per_mwh=Decimal(150))
            for hour in range(8800)
        )
        self.oracle = YearOracle()
        self.known: dict[int, Known] = {}
        self.bases: dict[int, SettlementRun] = {}

    def learn(self, number: int, *, silent_days: int = 0) -> None:
        """New facts about a month, written over whatever was known."""
        dice = self.dice
        known = Known(dice.randint(90, 220), dice.choice((333, 400, 517, 1000)), dice.randint(150, 260), dice.randint(150, 310))
        self.write(number, Known(known.price, known.injected_wh, known.first_wh, known.second_wh, silent_days))

    def write(self, number: int, known: Known) -> None:
        month, pods = date(2023, number, 1), self.village.pods
        noon = np.zeros(rows.QUARTERS, np.int32)
        noon[40:56] = known.injected_wh
        flat = np.ones(rows.QUARTERS, np.int32)
        rows._store(pods[0], Channel.INJECTED, noon, month)
        for pod, wh in zip(pods, (0, known.first_wh, known.second_wh), strict=True):
            rows._store(pod, Channel.WITHDRAWN, wh * flat, month)
        silent = month_days(2023, number)[: known.silent_days]
        DayCurve.objects.filter(pod_key=pods[1], day__in=silent).delete()
        after = month_starts_at(2023 + number // 12, number % 12 + 1)
        hours = ZonalPrice.objects.filter(starts_at__gte=month_starts_at(2023, number), starts_at__lt=after)
        hours.update(price_eur_per_mwh=known.price)
        self.known[number] = known

    def settle(self, number: int, kind: str) -> None:
        if kind == "correction":
            run = open_correction(run_id=self.bases[number].pk, opened_by=self.village.anna, as_of=NOW)
        else:
            run = operations.open_run(
                configuration=self.village.configuration,
                month=date(2023, number, 1),
                kind=kind,
                opened_by=self.village.anna,
                as_of=NOW,
            )
        if (kind, number) == ("final", OCTOBER):  # the hour that comes twice was never measured: accepted by name
            operations.accept_missing(run_id=run.pk, pods=self.village.pods, accepted_by=self.village.anna)
        settle_month.apply(args=(run.pk,), throw=True)
        run.refresh_from_db()
        if is_beyond_bounds(run):
            seen = run.result_sha256
            release_run(run_id=run.pk, released_by=self.village.anna, reason="Anno di prova", seen_sha256=seen, as_of=NOW)
        run.refresh_from_db()
        assert run.state == "computed", run.error
        self.bases.setdefault(number, approve(run, self.village))
        self.oracle.approve(number, kind, self.known[number])

    def assert_closes(self) -> None:
        assert posted() == self.oracle.postings()
        counted = [number for number in self.oracle.months if number not in self.oracle.advances]
        assert sum(self.oracle.excess[number] for number in counted) == self.oracle.annual_excess(counted)


def posted() -> dict[tuple[str, str], int]:
    entries = LedgerEntry.objects.order_by().values_list("contribution", "member__code", "account").annotate(sum=Sum("cents"))
    return {(contribution, member or account): int(cents) for contribution, member, account, cents in entries if cents}


@pytest.mark.parametrize("seed", range(3))
def test_a_year_of_advances_true_up_and_corrections_closes(seed: int) -> None:
    year = Year(seed)
    only_advanced = set(year.dice.sample(range(1, 13), 2))
    for number in range(1, 13):
        year.learn(number, silent_days=year.dice.choice((0, 0, 5)))
        if number in only_advanced or year.dice.random() < 0.3:
            year.settle(number, "advance")
        if number not in only_advanced:
            year.settle(number, "provisional")
    assert posted() == year.oracle.postings()
    for number in range(1, 13):
        known = year.known[number]
        if year.dice.random() < 0.5:
            year.learn(number)
        elif known.silent_days:
            year.write(number, Known(known.price, known.injected_wh, known.first_wh, known.second_wh))
        year.settle(number, "final")
    year.assert_closes()
    for number in year.dice.sample(range(1, 13), 2):
        year.learn(number)
        year.settle(number, "correction")
        year.assert_closes()
    assert posted()["excess", "social_fund"] > 0
    assert SettlementRun.objects.filter(kind="advance").count() >= 2
    assert SettlementRun.objects.filter(corrects=None).count() == 12


def test_a_final_run_that_looks_at_earlier_months_only_does_not_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the true-up of January must make good what February posted before it could know."""
    from apps.settlement import history, inputs
    from apps.settlement import posted as ground

    def only_before(run: SettlementRun):
        return history.get_year_to_date(configuration_id=run.configuration_id, before=run.month)

    monkeypatch.setattr(inputs, "get_year_of_run", only_before)
    monkeypatch.setattr(ground, "get_year_of_run", only_before)
    year = Year(0)
    for number in (1, 2):
        year.write(number, Known(150, 500, 250, 250))
        year.settle(number, "provisional")
    year.assert_closes()
    year.write(1, Known(150, 700, 250, 250))
    year.settle(1, "final")
    with pytest.raises(AssertionError):
        year.assert_closes()
