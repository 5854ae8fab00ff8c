"""Anchors outside the table: which entry was the last, noted in a file after every commit, so that a cut tail is missed."""

import fcntl
import json
import os
from collections.abc import Mapping

from apps.settlement.archive import locate
from project.failpoints import hit

ANCHORS = "audit/anchors.jsonl"  # below DATA_DIR; one {"sequence": …, "mac": …} a line, only ever appended to


def store_anchor(*, sequence: int, mac: str) -> None:
    """Append one anchor, flushed to the disk. A line that a crash left torn is closed first, never completed."""
    hit("audit.after_commit")
    path = locate(ANCHORS)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        line = json.dumps({"sequence": sequence, "mac": mac}) + "\n"
        os.write(descriptor, b"\n" * torn + line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_anchors() -> Mapping[int, frozenset[str]]:
    """Sequence -> the MACs that were noted for it (more than one is a finding). Lines that a crash tore are passed over."""
    found: dict[int, frozenset[str]] = {}
    try:
        lines = locate(ANCHORS).read_bytes().splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            said = json.loads(line)
            sequence, mac = int(said["sequence"]), str(said["mac"])
        except (ValueError, TypeError, KeyError):
            continue
        found[sequence] = found.get(sequence, frozenset()) | {mac}
    return found
