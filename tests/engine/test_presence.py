"""What silence means: the table of cases, and laws over all of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.presence import HOLD, UNSTEADY_FLIPS, BrokerFact, DeviceFact, Presence, Reason, Verdict, judge

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
UP, AWAY, UNHEARD = BrokerFact(True), BrokerFact(False), BrokerFact()
UNKNOWN, ONLINE, OFFLINE, ASLEEP, BROKER_DOWN, CLOCK_WRONG = Presence
HEARD, CLOCK, WILL, SILENT, NIGHT, BROKER = Reason


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def broker(is_up: bool | None, up: float | None = None, carried: float | None = None) -> BrokerFact:
    return BrokerFact(is_up, None if up is None else ago(up), None if carried is None else ago(carried))


def fact(
    was: Presence = ONLINE, at: BrokerFact = UP, *, since: float | None = 600, heard: float | None = None, **rest: Any
) -> DeviceFact:
    """A device with a heartbeat of 5 minutes; instants are minutes ago."""
    for name in ("will_at", "clock_wrong_at"):
        if name in rest:
            rest[name] = ago(rest[name])
    return DeviceFact(
        timedelta(minutes=5),
        at,
        was,
        None if since is None else ago(since),
        None if heard is None else ago(heard),
        **rest,
    )


GONE: dict[str, Any] = {"will_online": False}
CASES = {
    "never heard": (fact(UNKNOWN, since=None), None, UNKNOWN, None),
    "never heard, broker away": (fact(UNKNOWN, AWAY, since=None), None, UNKNOWN, None),
    "never heard, connected once": (fact(UNKNOWN, since=None, will_online=True, will_at=1), None, UNKNOWN, None),
    "never heard, said to be gone": (fact(UNKNOWN, since=None, will_at=1, **GONE), None, OFFLINE, WILL),
    "never heard, gone, unsteady": (fact(UNKNOWN, since=None, will_at=1, flips=4, **GONE), None, UNKNOWN, None),
    "heard for the first time": (fact(UNKNOWN, since=None, heard=0), None, ONLINE, HEARD),
    "first found when it was silent already": (fact(UNKNOWN, since=None, heard=60), None, OFFLINE, SILENT),
    "heard, was online": (fact(heard=14), None, ONLINE, None),
    "heard, was offline": (fact(OFFLINE, heard=14), None, ONLINE, HEARD),
    "heard, was asleep": (fact(ASLEEP, heard=1, sleeps=True), ago(60), ONLINE, HEARD),
    "heard, was behind its broker": (fact(BROKER_DOWN, heard=1), None, ONLINE, HEARD),
    "its time is up": (fact(heard=15), None, OFFLINE, SILENT),
    "silent and offline already": (fact(OFFLINE, heard=90), None, OFFLINE, None),
    "its own heartbeat is longer": (replace(fact(heard=15), heartbeat=timedelta(hours=1)), None, ONLINE, None),
    # the last will
    "said to be gone": (fact(heard=2, will_at=1, **GONE), None, OFFLINE, WILL),
    "said to be gone at the same instant": (fact(heard=1, will_at=1, **GONE), None, OFFLINE, WILL),
    "a newer message than its last will": (fact(heard=1, will_at=2, **GONE), None, ONLINE, None),
    "a last will without an instant": (fact(heard=1, **GONE), None, ONLINE, None),
    "it is back, and nothing was said yet": (fact(OFFLINE, heard=60, will_online=True, will_at=1), None, OFFLINE, None),
    "said to be gone while its broker was away": (fact(BROKER_DOWN, AWAY, heard=60, will_at=59, **GONE), None, OFFLINE, WILL),
    # the clock
    "an impossible stamp": (fact(heard=1, clock_wrong_at=1), None, CLOCK_WRONG, CLOCK),
    "the clock is still wrong": (fact(CLOCK_WRONG, heard=1, clock_wrong_at=14), None, CLOCK_WRONG, None),
    "the clock was put right": (fact(CLOCK_WRONG, heard=1, clock_wrong_at=15), None, ONLINE, HEARD),
    "silent with a wrong clock": (fact(CLOCK_WRONG, heard=15, clock_wrong_at=15), None, OFFLINE, SILENT),
    # the broker
    "broker away, still fresh": (fact(at=AWAY, heard=7), None, ONLINE, None),
    "broker away, half the time is up": (fact(at=AWAY, heard=8), None, BROKER_DOWN, BROKER),
    "broker away, nothing changed": (fact(BROKER_DOWN, AWAY, heard=900), None, BROKER_DOWN, None),
    "broker away, but offline before": (fact(OFFLINE, AWAY, heard=900), None, OFFLINE, None),
    "broker away after it brought what others said": (fact(at=broker(False, carried=1), heard=17), None, OFFLINE, SILENT),
    "broker away, unsteady and said to be gone": (fact(at=AWAY, heard=5, will_at=4, flips=4, **GONE), None, ONLINE, None),
    "broker away, found asleep by day": (fact(ASLEEP, AWAY, heard=900), None, BROKER_DOWN, BROKER),
    "broker away, asleep": (fact(ASLEEP, AWAY, since=60, heard=90, sleeps=True), ago(100), ASLEEP, None),
    "nobody knows the broker, in time": (fact(at=UNHEARD, heard=14), None, ONLINE, None),
    "nobody knows the broker, which brings nothing": (fact(at=broker(None, carried=15), heard=20), None, BROKER_DOWN, BROKER),
    "nobody knows the broker, which never brought anything": (fact(at=UNHEARD, heard=20), None, BROKER_DOWN, BROKER),
    "nobody knows the broker, which brings what others say": (fact(at=broker(None, carried=5), heard=20), None, OFFLINE, SILENT),
    "broker back, nothing heard yet": (fact(BROKER_DOWN, broker(True, 14), heard=900), None, BROKER_DOWN, None),
    "broker back for as long as the timeout": (fact(BROKER_DOWN, broker(True, 15), heard=900), None, OFFLINE, SILENT),
    "broker back before anybody noticed": (fact(at=broker(True, 10), heard=20), None, ONLINE, None),
    "broker comes and goes for ever": (fact(at=broker(True, 1), heard=30), None, OFFLINE, SILENT),
    "broker up since before it was heard": (fact(at=broker(True, 900), heard=15), None, OFFLINE, SILENT),
    # the night: dark for an hour
    "a plant that fell silent in the dark": (fact(heard=70, sleeps=True), ago(60), ASLEEP, NIGHT),
    "a plant that was silent before": (fact(heard=76, sleeps=True), ago(60), OFFLINE, SILENT),
    "a plant that was offline before": (fact(OFFLINE, heard=76, sleeps=True), ago(60), OFFLINE, None),
    "a meter that fell silent in the dark": (fact(heard=70), ago(60), OFFLINE, SILENT),
    "a plant that said good night": (fact(heard=31, will_at=30, sleeps=True, **GONE), ago(60), ASLEEP, NIGHT),
    "a plant whose last will is told again": (fact(heard=900, will_at=1, sleeps=True, **GONE), ago(60), OFFLINE, WILL),
    "a plant that sleeps on": (fact(ASLEEP, since=59, heard=76, sleeps=True), ago(60), ASLEEP, None),
    "a plant asleep since the night before": (fact(ASLEEP, since=900, heard=999, sleeps=True), ago(60), OFFLINE, SILENT),
    "asleep without a since": (fact(ASLEEP, since=None, heard=999, sleeps=True), ago(60), OFFLINE, SILENT),
    "a plant that does not wake": (fact(ASLEEP, since=600, heard=700, sleeps=True), None, OFFLINE, SILENT),
    "a plant behind a broker at night": (fact(at=AWAY, heard=20, sleeps=True), ago(60), BROKER_DOWN, BROKER),
    # damping
    "changed often, silent for one timeout": (fact(heard=15, since=20, flips=4), None, ONLINE, None),
    "changed often, silent for three": (fact(heard=45, since=50, flips=4), None, OFFLINE, SILENT),
    "changed often, said to be gone": (fact(heard=16, since=20, will_at=1, flips=4, **GONE), None, ONLINE, None),
    "changed often, heard, not for long": (fact(OFFLINE, heard=0, since=15, flips=4), None, OFFLINE, None),
    "changed often, heard, long enough": (fact(OFFLINE, heard=0, since=16, flips=4), None, ONLINE, HEARD),
    "changed less often": (fact(OFFLINE, heard=0, since=1, flips=3), None, ONLINE, HEARD),
    # older facts
    "looked at later already": (fact(OFFLINE, heard=0, since=-1), None, OFFLINE, None),
    "looked at in the same instant already": (fact(OFFLINE, heard=0, since=0), None, OFFLINE, None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_table(case: str) -> None:
    device, dark, presence, reason = CASES[case]
    assert judge(device, as_of=NOON, dark_since=dark) == Verdict(presence, reason)


minutes = st.integers(-5, 2000)
facts = st.builds(
    fact,
    st.sampled_from(Presence),
    st.builds(broker, st.sampled_from([True, False, None]), st.none() | minutes, st.none() | minutes),
    since=st.none() | st.integers(1, 2000),
    heard=st.none() | minutes,
    will_online=st.sampled_from([True, False, None]),
    will_at=minutes,
    clock_wrong_at=minutes,
    sleeps=st.booleans(),
    flips=st.integers(0, 6),
)
darks = st.none() | st.integers(0, 1000).map(ago)


@settings(max_examples=500)
@given(facts, darks)
def test_nothing_changes_without_a_reason_and_every_reason_changes_something(device: DeviceFact, dark: datetime | None) -> None:
    verdict = judge(device, as_of=NOON, dark_since=dark)
    assert (verdict.reason is None) == (verdict.presence is device.presence)
    assert verdict.presence is not UNKNOWN or device.presence is UNKNOWN


@settings(max_examples=500)
@given(facts, darks)
def test_the_same_facts_settle_at_once(device: DeviceFact, dark: datetime | None) -> None:
    verdict = judge(device, as_of=NOON, dark_since=dark)
    if verdict.reason:
        device = replace(device, presence=verdict.presence, since=NOON, flips=device.flips + 1)
    for later in (timedelta(), timedelta(microseconds=1)):
        assert judge(device, as_of=NOON + later, dark_since=dark) == Verdict(device.presence)


@settings(max_examples=500)
@given(facts, darks, st.integers(0, 600))
def test_an_older_look_never_flips_what_a_later_one_found(device: DeviceFact, dark: datetime | None, older: int) -> None:
    device = replace(device, since=NOON)
    assert judge(device, as_of=ago(older), dark_since=dark) == Verdict(device.presence)


@settings(max_examples=300)
@given(facts, darks)
def test_only_a_device_that_lives_on_sunlight_is_sent_to_sleep(device: DeviceFact, dark: datetime | None) -> None:
    verdict = judge(device, as_of=NOON, dark_since=dark)
    if verdict.presence is ASLEEP and verdict.reason:
        assert device.sleeps
        assert dark is not None


@settings(max_examples=300)
@given(facts, darks)
def test_no_device_goes_offline_by_silence_that_its_broker_cannot_vouch_for(device: DeviceFact, dark: datetime | None) -> None:
    silent = replace(device, broker=BrokerFact(False), will_online=None)
    assert judge(silent, as_of=NOON, dark_since=dark).reason not in (SILENT, NIGHT)


@settings(max_examples=100)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.booleans())
def test_the_worst_device_changes_no_more_than_five_times_in_any_hour(gaps: list[int], by_will: bool) -> None:
    """Messages and last wills at random minutes, looked at every half minute."""
    device = fact(UNKNOWN, since=None)
    flips: list[datetime] = []
    now = NOON
    for number, gap in enumerate(gaps):
        said: dict[str, Any] = {"last_received_at": now} if number % 2 or not by_will else {"will_online": False, "will_at": now}
        device = replace(device, **said)
        for _ in range(2 * gap):
            now += timedelta(seconds=30)
            recent = [at for at in flips if at > now - timedelta(hours=1)]
            verdict = judge(replace(device, flips=len(recent)), as_of=now, dark_since=None)
            if verdict.reason:
                flips.append(now)
                device = replace(device, presence=verdict.presence, since=now)
    assert all(sum(at - timedelta(hours=1) < other <= at for other in flips) <= UNSTEADY_FLIPS + 1 for at in flips)
    unsteady = [at for at in flips if sum(at - timedelta(hours=1) < other < at for other in flips) >= UNSTEADY_FLIPS]
    assert all(at - max(other for other in flips if other < at) > HOLD for at in unsteady)
