"""The journal gives back, byte for byte, what was stored from it."""

import json
import random
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from apps.metering.ingest import store_batches
from apps.metering.ingest.identities import forget_identities
from apps.metering.models import Broker, DayCurve, Device, QuarterMark, RawBatch, Reading, SeriesNote
from apps.metering.raw import RawMessage, encode_batch
from tests.apps.metering.closing.rows import (
    OTHER_POD,
    POD,
    START_US,
    S,
    assign,
    close,
    curves_sha256,
    instant,
    notes_of_all,
    readings_sha256,
)

pytestmark = pytest.mark.django_db
FROM, TO = instant(START_US - 3600 * S).isoformat(), instant(START_US + 86_400 * S).isoformat()


def message(device: str, minute: int, milliwh: int) -> RawMessage:
    at_us = START_US + minute * 60 * S
    at = datetime.fromtimestamp(at_us // S, UTC).isoformat().replace("+00:00", "Z")
    body = f'{{"device_id":"{device}","timestamp":"{at}","measurements":{{"energy_consumed":{milliwh / 1e6:.6f}}}}}'
    return RawMessage(f"energy/plant/7/device/{device}/measurements", body.encode(), at_us + 700_000)


@pytest.fixture
def _stored():
    """Three hours of two devices with a reset, a glitch, a broken message and repetitions, in shuffled batches."""
    forget_identities()
    broker = Broker.objects.create(name="uno", host="localhost", client_id="uno").pk
    random_ = random.Random(7)
    messages = []
    for minute in range(180):
        messages.append(message("D1", minute, 5_000_000 + minute * 50_000 if minute < 100 else (minute - 100) * 40_000))
        messages.append(message("D2", minute, 900_000_000 + minute * 7_000))
    messages.append(RawMessage("energy/plant/7/device/D1/measurements", b"{broken", START_US))
    messages += random_.choices(messages, k=40)
    random_.shuffle(messages)
    for number in range(0, len(messages), 25):
        part = sorted(messages[number : number + 25], key=lambda one: one.received_us)
        store_batches([encode_batch(f"batch-{number}", broker, part)])
    for key, pod in (("D1", POD), ("D2", OTHER_POD)):
        assign(Device.objects.get(key__endswith=key), pod)
    close()


def replay(*arguments: str) -> dict:
    out = StringIO()
    call_command("replay_raw", "--from", FROM, "--to", TO, "--json", *arguments, stdout=out)
    answer: dict = json.loads(out.getvalue())
    return answer


@pytest.mark.usefixtures("_stored")
def test_readings_and_curves_come_back_byte_for_byte():
    before = readings_sha256(), curves_sha256(), notes_of_all()
    assert DayCurve.objects.count() == 2
    assert [note[3] for note in before[2]] == ["reset"]
    Reading.objects.all().delete()
    DayCurve.objects.all().delete()
    SeriesNote.objects.all().delete()
    assert not QuarterMark.objects.exists()
    answer = replay()
    assert (readings_sha256(), curves_sha256(), notes_of_all()) == before
    assert (answer["readings"], answer["deleted"], answer["batches"]) == (360, 0, RawBatch.objects.count())
    assert not QuarterMark.objects.exists()


@pytest.mark.usefixtures("_stored")
def test_deleting_first_takes_away_what_the_journal_never_said():
    before = readings_sha256(), curves_sha256(), notes_of_all()
    series = Reading.objects.values_list("series_id", flat=True)[0]
    Reading.objects.create(
        series_id=series,
        measured_at=instant(START_US + 400 * 60 * S),
        register_milliwh=99_000_000,
        received_at=instant(START_US + 400 * 60 * S),
    )
    Reading.objects.filter(measured_at=instant(START_US + 60 * 60 * S)).delete()
    answer = replay("--delete")
    assert (readings_sha256(), curves_sha256(), notes_of_all()) == before
    assert (answer["deleted"], answer["readings"]) == (359, 360)


@pytest.mark.usefixtures("_stored")
def test_again_changes_nothing():
    before = readings_sha256(), curves_sha256(), list(DayCurve.objects.values_list("updated_at", flat=True))
    answer = replay()
    assert (answer["readings"], answer["quarters_changed"]) == (0, 0)
    assert before == (readings_sha256(), curves_sha256(), list(DayCurve.objects.values_list("updated_at", flat=True)))


@pytest.mark.usefixtures("_stored")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--from", "2026-01-01T00:00Z", "--to", TO, "--delete"], "The journal begins at"),
        (["--from", TO, "--to", FROM], "is not before"),
        (["--from", "yesterday", "--to", TO], "is not an instant"),
    ],
)
def test_what_cannot_be_rebuilt_is_not_deleted(arguments: list[str], sentence: str):
    early = instant(START_US - 60 * S)
    series = Reading.objects.values_list("series_id", flat=True)[0]
    Reading.objects.create(series_id=series, measured_at=early, register_milliwh=4_950_000, received_at=early)
    before = readings_sha256(), curves_sha256()
    error = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("replay_raw", *arguments, stderr=error)
    assert sentence in error.getvalue()
    assert before == (readings_sha256(), curves_sha256())


def test_an_empty_journal_rebuilds_nothing():
    assert replay()["batches"] == 0
