"""What is said meets what is stored: said quarters overwrite, others stay, nothing is counted twice."""

from datetime import date

import pytest

from apps.engine.inputs import Quality
from apps.metering.curve_operations import store_curves
from apps.metering.models import Channel, DayCurve, Source
from apps.metering.queries import get_day_curve
from apps.metering.statements import Verdict
from tests.apps.metering.rows import AS_OF, DAY, LATER, A, say, store, stored_bytes

pytestmark = pytest.mark.django_db


def known(day: date = DAY) -> dict[int, tuple[int, int]]:
    """The quarters of A that are known: slot -> (Wh, quality)."""
    found = get_day_curve(A, day)
    pairs = zip(found.withdrawn_wh.tolist(), found.withdrawn_quality.tolist(), strict=True)
    return {slot: pair for slot, pair in enumerate(pairs) if pair[1] != Quality.MISSING}


def counts(stored):
    return stored.new, stored.changed, stored.unchanged


def test_new_quarters_are_added_and_others_stay():
    assert counts(store(A, DAY, {0: 10, 1: 11})) == (2, 0, 0)
    assert counts(store(A, DAY, {1: 11, 2: 12, 0: 99})) == (1, 1, 1)
    assert known() == {0: (99, 2), 1: (11, 2), 2: (12, 2)}


def test_another_quality_is_a_change():
    store(A, DAY, {0: 10})
    assert counts(store(A, DAY, {0: 10}, quality=Quality.OFFICIAL)) == (0, 1, 0)
    assert known() == {0: (10, 3)}


def test_storing_again_writes_nothing():
    store(A, DAY, {0: 10, 5: 0})
    before = stored_bytes()
    assert counts(store(A, DAY, {0: 10, 5: 0}, as_of=LATER)) == (0, 0, 2)
    assert stored_bytes() == before
    assert DayCurve.objects.get().updated_at == AS_OF


def test_a_change_is_dated():
    store(A, DAY, {0: 10})
    store(A, DAY, {0: 11}, as_of=LATER)
    assert DayCurve.objects.get().updated_at == LATER


def test_zero_is_known_and_missing_is_not():
    store(A, DAY, {0: 0})
    assert known() == {0: (0, 2)}


def test_missing_takes_back_what_is_stored():
    store(A, DAY, {0: 10, 1: 11})
    assert counts(store(A, DAY, {0: 0}, quality=Quality.MISSING)) == (0, 1, 0)
    assert known() == {1: (11, 2)}


def test_missing_where_nothing_is_stored_stores_nothing():
    assert counts(store(A, DAY, {0: 0}, quality=Quality.MISSING)) == (0, 0, 1)
    assert not DayCurve.objects.exists()


def test_an_hour_replaces_its_quarters():
    store(A, DAY, {4: 1, 5: 2, 6: 3, 7: 4, 8: 5})
    stored = store(A, DAY, {4: 100}, hours=True)
    assert stored.verdicts[0, 4] == Verdict.CHANGED
    assert known() == {4: (100, 2), 5: (0, 5), 6: (0, 5), 7: (0, 5), 8: (5, 2)}


def test_quarters_replace_their_hour_and_what_is_not_said_of_it_is_missing():
    store(A, DAY, {4: 100, 8: 200}, hours=True)
    assert counts(store(A, DAY, {5: 7})) == (0, 1, 0)
    assert known() == {5: (7, 2), 8: (200, 2), 9: (0, 5), 10: (0, 5), 11: (0, 5)}


def test_an_hour_said_again_is_unchanged():
    store(A, DAY, {4: 100}, hours=True)
    assert counts(store(A, DAY, {4: 100}, hours=True)) == (0, 0, 4)


def test_the_same_known_by_other_ways_is_the_same_bytes():
    store(A, DAY, {4: 100}, hours=True)
    by_hour = stored_bytes()
    DayCurve.objects.all().delete()
    store(A, DAY, {4: 1, 5: 2, 20: 5})
    store(A, DAY, {20: 0}, quality=Quality.MISSING)
    store(A, DAY, {4: 100}, hours=True)
    assert stored_bytes() == by_hour


def test_sources_and_channels_do_not_touch_each_other():
    store(A, DAY, {0: 10})
    store(A, DAY, {0: 20}, source=Source.MANUAL)
    store(A, DAY, {0: 30}, channel=Channel.INJECTED)
    assert DayCurve.objects.count() == 3
    assert known() == {0: (10, 2)}


def test_a_dry_run_says_the_same_and_writes_nothing():
    store(A, DAY, {0: 10})
    before = stored_bytes()
    dry = store_curves(said=say(A, DAY, {0: 11, 1: 12}), source=Source.OFFICIAL, as_of=LATER, dry=True)
    assert counts(dry) == (1, 1, 0)
    assert stored_bytes() == before


@pytest.mark.parametrize(("day", "quarters"), [(date(2023, 3, 26), 92), (date(2023, 10, 29), 100), (DAY, 96)])
def test_a_day_the_same_all_day_keeps_its_length(day, quarters):
    store(A, day, dict.fromkeys(range(quarters), 0))
    assert counts(store(A, day, dict.fromkeys(range(quarters), 0))) == (0, 0, quarters)
    store(A, day, {1: 5})
    assert known(day) == {slot: (5 if slot == 1 else 0, 2) for slot in range(quarters)}
