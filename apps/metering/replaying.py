"""Readings and curves rebuilt from the journal of raw messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from apps.metering.closing import close_quarters
from apps.metering.columns import fetch_columns
from apps.metering.errors import MeteringError
from apps.metering.ingest import apply_batches
from apps.metering.marks import mark_series
from apps.metering.models import RawBatch, Reading
from apps.metering.raw import RawBatch as Batch
from apps.metering.raw import decode_batch, decompress

AT_A_TIME = 64  # batches in one transaction, of up to 500 messages
LONGEST_BATCH = timedelta(hours=1)  # a batch lies at the instant of its first message; its last is younger
_SWEEPS = 5  # a change of unit has what follows it closed once more
_FORGET = """
WITH gone AS (DELETE FROM metering_reading WHERE received_at >= %s AND received_at < %s RETURNING series_id, measured_at),
stretches AS (SELECT series_id, min(measured_at) AS from_at, max(measured_at) AS to_at, count(*) AS n FROM gone GROUP BY 1)
SELECT array_agg(series_id), array_agg(from_at), array_agg(to_at), array_agg(n) FROM stretches
"""


class JournalTooShort(MeteringError):
    """What is to be deleted could not be rebuilt."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: batches and messages read again, readings deleted before, readings that were not there, quarters."""

    batches: int
    messages: int
    deleted: int
    readings: int
    quarters_changed: int


def replay_journal(*, starts_at: datetime, ends_at: datetime, as_of: datetime, delete: bool = False) -> Replayed:
    """Store again what the journal holds of the messages received from `starts_at` up to `ends_at`, and close their quarters.

    With `delete` the readings received in that time are removed first. Interrupted, it can be run again: nothing is stored twice.
    Errors: `JournalTooShort` where readings would go that are older than the journal; nothing is deleted.
    """
    deleted = _forget(starts_at, ends_at) if delete else 0
    batches = messages = readings = 0
    for chunk in _journal(starts_at - LONGEST_BATCH, ends_at):
        applied = apply_batches(chunk, replay=True)
        batches, messages, readings = batches + applied.batches, messages + applied.messages, readings + applied.readings
    return Replayed(batches, messages, deleted, readings, _close(as_of))


@transaction.atomic
def _forget(starts_at: datetime, ends_at: datetime) -> int:
    """Delete readings and mark where they were; returns how many."""
    begins_at = RawBatch.objects.aggregate(first=Min("received_at"))["first"]
    lost = Reading.objects.filter(received_at__gte=starts_at, received_at__lt=min(begins_at or ends_at, ends_at))
    if lost.exists():
        begins = "—" if begins_at is None else begins_at.isoformat()
        raise JournalTooShort(
            _("The journal begins at %(begins)s: the readings received before cannot be rebuilt. Choose a later start.")
            % {"begins": begins}
        )
    series, from_us, to_us, counts = fetch_columns(_FORGET, starts_at, ends_at)
    mark_series(series, from_us, to_us)
    return int(counts.sum())


def _journal(starts_at: datetime, ends_at: datetime) -> Iterator[list[Batch]]:
    """Yield the batches of a time, some at a time, in order."""
    rows = RawBatch.objects.filter(received_at__gte=starts_at, received_at__lt=ends_at).order_by("received_at", "batch")
    names = list(rows.values_list("received_at", "batch"))
    for first in range(0, len(names), AT_A_TIME):
        chunk = names[first : first + AT_A_TIME]
        contents = rows.filter(received_at__range=(chunk[0][0], chunk[-1][0])).values_list("received_at", "batch", "content")
        wanted = set(chunk)
        yield [decode_batch(decompress(bytes(content))) for at, name, content in contents if (at, name) in wanted]


def _close(as_of: datetime) -> int:
    quarters = 0
    for _sweep in range(_SWEEPS):
        last_series, some = 0, False
        while (closed := close_quarters(as_of=as_of, after_series=last_series)).series or closed.points:
            last_series, quarters, some = closed.last_series, quarters + closed.quarters_changed, True
        if not some:
            break
    return quarters
