# ruff: noqa: E402 — Django must be set up before our modules are imported
"""The mistakes that the harness must notice, made on purpose in processes of their own: `CHAOS_BROKEN=name`.

`celery --app tests.faults.broken worker` is a worker that makes one, `python -m tests.faults.broken` a listener that does.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

django.setup()

from django.core.management import call_command

from apps.listener import sink
from apps.listener.batches import Batch
from apps.metering.ingest import storing, writing
from apps.metering.raw import RawBatch
from celery_app import app

__all__ = ["BROKEN", "app"]


def early_ack() -> None:
    """Tell the broker before the queue has it."""
    store = sink.Sink.store

    def acknowledge_then_store(self: sink.Sink, batches: Sequence[Batch], now: float) -> Any:
        for batch in batches:
            for ack in batch.acks:
                batch.client.ack(ack.mid, ack.qos)
            batch.client.loop_write()
        return store(self, batches, now)

    sink.Sink.store = acknowledge_then_store  # type: ignore[method-assign]


def no_unique_key() -> None:
    """Store readings without a key that says what is the same. The harness drops the key of the table, too."""
    head, _, rest = writing._READINGS.partition("    ON CONFLICT (series_id, measured_at, register_milliwh) DO UPDATE")
    tail = rest[rest.index("    RETURNING series_id, measured_at") :]
    writing._READINGS = head + tail
    writing.MANY = sys.maxsize


def no_journal_gate() -> None:
    """Take every batch for a new one, also one that stands in the journal."""
    write = writing.write_journal

    def let_all_pass(batches: Sequence[RawBatch], contents: Sequence[bytes]) -> set[str]:
        write(batches, contents)
        return {batch.name for batch in batches}

    storing.write_journal = let_all_pass  # type: ignore[attr-defined]


BROKEN: dict[str, Callable[[], None]] = {mistake.__name__: mistake for mistake in (early_ack, no_unique_key, no_journal_gate)}
if os.environ.get("CHAOS_BROKEN"):
    BROKEN[os.environ["CHAOS_BROKEN"]]()

if __name__ == "__main__":
    call_command("listen_mqtt")
