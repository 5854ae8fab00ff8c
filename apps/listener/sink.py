"""Where batches are safe: in the stream, else in the spool, else nowhere yet."""

import logging
from collections.abc import Callable, Sequence

from apps.listener.batches import Batch
from apps.listener.spool import Spool
from apps.listener.stream import Stream
from apps.metering.broker_status import Stage
from project.failpoints import hit

log = logging.getLogger(__name__)
DISK_FULL_PERCENT = 80  # beyond that the spool takes nothing and messages stay at the broker
REPLAY_PAUSE_SECONDS = 5.0


class Sink:
    """The ladder of back-pressure: Redis, then the disk, then leave it at the broker. No rung drops anything."""

    def __init__(self, stream: Stream, spool: Spool, get_disk_percent: Callable[[], int]) -> None:
        self.stream = stream
        self.spool = spool
        self.stage = Stage.STREAM
        self.last_error = ""
        self._get_disk_percent = get_disk_percent
        self._replay_rests_until = 0.0

    def store(self, batches: Sequence[Batch], now: float) -> tuple[list[Batch], list[Batch], list[Batch]]:
        """Make batches safe; returns those in the stream, those in the spool, and those that are nowhere yet."""
        hit("listen.before_xadd")
        refused = list(batches)
        in_stream: list[Batch] = []
        if self.stream.is_ready(now):
            confirmed = self.stream.add([batch.content for batch in batches], now)
            in_stream = [batch for batch, ok in zip(batches, confirmed, strict=True) if ok]
            refused = [batch for batch, ok in zip(batches, confirmed, strict=True) if not ok]
            hit("listen.after_xadd")
        if not refused:
            self._enter(Stage.STREAM)
            return in_stream, [], []
        if self._keep(refused):
            self._enter(Stage.SPOOL)
            hit("listen.after_spool")
            return in_stream, refused, []
        self._enter(Stage.PAUSED)
        return in_stream, [], refused

    def can_replay(self, now: float) -> bool:
        return bool(self.spool.size_bytes) and self.stream.is_ready(now) and now >= self._replay_rests_until

    def replay(self, now: float) -> int:
        """Give a bounded number of batches from the spool to the stream; how many it took."""
        if not self.can_replay(now):
            return 0
        try:
            records = self.spool.read()
            if records is None:
                return 0
            confirmed = self.stream.add(records.contents, now)
            taken = confirmed.index(False) if False in confirmed else len(confirmed)
            hit("listen.after_replay")
            self.spool.forget(records, taken)
        except OSError as error:  # for instance no room for the note of what was given back: repeating is harmless
            log.error("The spool cannot be given back to the queue: %s", error)
            self._replay_rests_until = now + REPLAY_PAUSE_SECONDS
            return 0
        return taken

    def _keep(self, batches: Sequence[Batch]) -> bool:
        self.last_error = self.stream.last_error
        try:
            percent = self._get_disk_percent()
            if percent >= DISK_FULL_PERCENT:
                self.last_error = f"The disk of the spool is {percent} % full, messages wait at the broker. {self.last_error}"
                return False
            self.spool.append([batch.content for batch in batches])
        except OSError as error:
            self.last_error = f"The spool cannot be written, messages wait at the broker: {error}. {self.last_error}"
            return False
        return True

    def _enter(self, stage: Stage) -> None:
        if stage is Stage.STREAM:
            self.last_error = ""
        if stage is not self.stage:
            log.warning("Messages now go: %s. %s", stage.name.lower(), self.last_error)
        self.stage = stage
