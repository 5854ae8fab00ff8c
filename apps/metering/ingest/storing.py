"""One transaction for what the queue handed over, and the same for what the journal gives back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from apps.metering.ingest.hearing import POISON, hear
from apps.metering.ingest.identities import device_ids, forget_identities, series_ids
from apps.metering.ingest.sensing import write_sensors
from apps.metering.ingest.writing import (
    write_canaries,
    write_journal,
    write_letters,
    write_readings,
    write_states,
    write_strangers,
)
from apps.metering.models import Broker, DeadLetter
from apps.metering.raw import RawBatch, decode_batch
from project.failpoints import hit


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of some batches: how many were new, their messages, and the readings that nobody had stored before."""

    batches: int
    messages: int
    readings: int
    dead_letters: int


def store_batches(contents: Sequence[bytes], *, guilty: Collection[str] = ()) -> Applied:
    """Keep batches in the journal and store what they say, each exactly once, in one transaction.

    `guilty` are SHA-256 of messages that must not be parsed: they become dead letters. Errors: `RawBatchDamaged`, nothing stored.
    """
    try:
        return _store(contents, guilty)
    except IntegrityError:
        # a device or register that we remember was deleted
        forget_identities()
        return _store(contents, guilty)


@transaction.atomic
def _store(contents: Sequence[bytes], guilty: Collection[str]) -> Applied:
    batches = [decode_batch(content) for content in contents]
    new = write_journal(batches, contents)
    hit("drain.after_journal")
    first = {batch.name: batch for batch in reversed(batches)}
    applied = _apply([first[name] for name in sorted(new)], guilty, replay=False)
    hit("drain.before_commit")
    return applied


@transaction.atomic
def apply_batches(batches: Sequence[RawBatch], *, replay: bool = True) -> Applied:
    """Store the readings, sensors and devices that batches speak of. A replay counts nothing a second time.

    Messages that once broke a worker stay dead letters.
    """
    poison = DeadLetter.objects.filter(reason=POISON).values_list("sha256", flat=True)
    return _apply(batches, set(poison), replay=replay)


def _apply(batches: Sequence[RawBatch], guilty: Collection[str], *, replay: bool) -> Applied:
    if not batches:
        return Applied(0, 0, 0, 0)
    hearing = hear(batches, brokers=set(Broker.objects.values_list("pk", flat=True)), guilty=guilty)
    devices = device_ids(hearing.presences)
    readings = write_readings(series_ids(hearing.readings, devices), hearing.readings)
    write_sensors(hearing.sensors, devices)
    letters = sorted(hearing.letters.values(), key=lambda letter: (letter.broker_id, letter.sha256))
    if not replay:
        write_states(hearing.presences, devices)
        write_letters(letters, devices)
        write_strangers(hearing.strangers)
        write_canaries(hearing.canaries)
    return Applied(len(batches), sum(len(batch.messages) for batch in batches), readings, len(letters))
