"""Our own message through the whole way: which leg is cut is told from who saw it last."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from apps.metering.canary import TOPIC, Leg, Sung, Through, judge_way, sung_at
from apps.metering.canary_rows import get_canary_broker, get_through, listened_topics
from apps.metering.ingest import store_batches
from apps.metering.ingest.identities import forget_identities
from apps.metering.models import Broker, DeadLetter, Device, UnknownTopic
from apps.metering.raw import RawMessage, encode_batch

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW_US = int(NOW.timestamp()) * 1_000_000
FRESH, OLD = NOW - timedelta(seconds=4), NOW - timedelta(seconds=21)
TAKEN = timedelta(milliseconds=80)
ALL_OLD = Through(OLD, OLD + TAKEN)


@pytest.mark.parametrize(
    ("sung", "heard_at", "through", "since", "leg"),
    [
        (Sung(FRESH, FRESH), FRESH, Through(FRESH, FRESH + TAKEN), OLD, Leg.OPEN),
        (None, None, Through(FRESH, FRESH + TAKEN), OLD, Leg.UNKNOWN),
        (Sung(), None, None, None, Leg.SENDER),
        (Sung(OLD, OLD), OLD, ALL_OLD, OLD, Leg.SENDER),
        (Sung(FRESH, OLD, "Connection refused"), OLD, ALL_OLD, OLD, Leg.BROKER),
        (Sung(FRESH, None, "Connection refused"), None, None, OLD, Leg.BROKER),
        (Sung(FRESH, FRESH), OLD, ALL_OLD, OLD, Leg.LISTENER),
        (Sung(FRESH, FRESH), None, None, FRESH, Leg.OPEN),  # it connected four seconds ago
        (Sung(FRESH, FRESH), FRESH, ALL_OLD, OLD, Leg.WORKERS),
        (Sung(FRESH, FRESH), FRESH, None, OLD, Leg.WORKERS),
    ],
)
def test_the_first_leg_that_a_message_does_not_pass_is_named(
    sung: Sung | None, heard_at: datetime | None, through: Through | None, since: datetime | None, leg: Leg
) -> None:
    way = judge_way(sung, heard_at=heard_at, through=through, since=since, as_of=NOW)
    assert way.leg is leg
    assert way.error == ("Connection refused" if leg is Leg.BROKER else "")
    assert way.took == (TAKEN if through else None)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("canary/other", b"1772452800000000"), (TOPIC, b"177245280000000"), (TOPIC, b"17724528000000.0"), (TOPIC, b"")],
)
def test_only_our_own_message_is_one(topic: str, payload: bytes) -> None:
    assert sung_at(RawMessage(topic, payload, NOW_US)) is None
    assert sung_at(RawMessage(TOPIC, b"1772452800000000", NOW_US)) == NOW_US


@pytest.mark.django_db
def test_it_becomes_one_row_that_only_moves_forward_and_nothing_else() -> None:
    forget_identities()
    broker = Broker.objects.create(name="uno", host="localhost", client_id="uno").pk
    for name, sent_us in (("b1", NOW_US), ("b2", NOW_US - 5_000_000)):
        store_batches([encode_batch(name, broker, [RawMessage(TOPIC, str(sent_us).encode(), sent_us + 1000)])])
    through = get_through(broker)
    assert through is not None
    assert through.sent_at == NOW
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), bool_and(stored_at <= clock_timestamp()) FROM metering_canary")
        assert cursor.fetchone() == (1, True)
    assert (Device.objects.count(), DeadLetter.objects.count(), UnknownTopic.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_the_row_with_the_address_listens_to_it_whatever_its_topics(settings) -> None:
    settings.CANARY_URL = "mqtt://canary:secret@mosquitto"
    row = Broker.objects.create(name="uno", host="mosquitto", port=1883, client_id="uno", topics=["shellies/#"])
    other = Broker.objects.create(name="due", host="elsewhere", port=1883, client_id="due", topics=["shellies/#"])
    everything = Broker(host="mosquitto", port=1883, topics=["#"])
    assert get_canary_broker() == row
    assert listened_topics(row) == ("shellies/#", "canary/#")
    assert listened_topics(other) == ("shellies/#",)
    assert listened_topics(everything) == ("#",)
    Broker.objects.filter(pk=row.pk).update(enabled=False)
    assert get_canary_broker() is None
    settings.CANARY_URL = ""
    assert get_canary_broker() is None
