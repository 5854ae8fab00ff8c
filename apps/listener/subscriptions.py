"""Which topics each session was subscribed to: a session outlives both the process and the row, and only we can tell it to stop.

MQTT has no question "what am I subscribed to?". So the topics stand in a small file for each client identifier; without it
nothing is lost, a topic that was taken out of a row while nobody listened would just go on being delivered.
"""

import hashlib
import json
import logging
from pathlib import Path

log = logging.getLogger(__name__)


class Subscriptions:
    """The topics of each session, a file each in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory

    def get(self, client_id: str) -> frozenset[str]:
        try:
            topics = json.loads(self._path(client_id).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return frozenset()
        return frozenset(topic for topic in topics if isinstance(topic, str)) if isinstance(topics, list) else frozenset()

    def remember(self, client_id: str, topics: frozenset[str]) -> None:
        """Called before subscribing, with what was remembered and what is new: a kill in between may only name too many."""
        if topics == self.get(client_id):
            return
        path = self._path(client_id)
        draft = path.with_suffix(".draft")
        try:
            draft.write_text(json.dumps(sorted(topics)), encoding="utf-8")
            draft.replace(path)
        except OSError as error:  # for instance a full disk, which must not keep us from listening
            log.warning("The topics of the session %s cannot be remembered: %s", client_id, error)

    def _path(self, client_id: str) -> Path:
        return self._directory / f"{hashlib.sha256(client_id.encode()).hexdigest()[:32]}.topics"
