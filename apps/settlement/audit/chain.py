"""The chain itself: what an entry says, and the MAC that ties it to the entry before. Pure: no database, no clock, no files."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

Keys = Mapping[str, bytes]  # id of a key -> 32 bytes


class KeyUnknown(Exception):
    """An entry was sealed with a key that this installation does not hold."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is sealed. `at` is aware; `details` holds texts and lists of texts alone; MACs are 64 hex digits."""

    sequence: int
    at: datetime
    actor: str
    user_id: int | None
    action: str
    run_number: int
    run_name: str
    from_state: str
    to_state: str
    reason: str
    details: dict[str, Any]
    key_id: str
    previous_mac: str
    mac: str = ""


def compute_mac(entry: Entry, keys: Keys) -> str:
    """HMAC-SHA-256 over everything that the entry says but its own MAC, in hex. Errors: `KeyUnknown`."""
    if (key := keys.get(entry.key_id)) is None:
        raise KeyUnknown(
            f"Entry {entry.sequence} was sealed with key {entry.key_id!r}, which PII_KEYS does not hold. Add the key."
        )
    return hmac.new(key, _canonical(entry), hashlib.sha256).hexdigest()


def is_genuine(entry: Entry, keys: Keys) -> bool:
    """Was this content sealed, at this place of the chain, by who has the key? Errors: `KeyUnknown`."""
    return hmac.compare_digest(compute_mac(entry, keys), entry.mac)


def _canonical(entry: Entry) -> bytes:
    """One text for one content: names sorted, no blanks, the instant in UTC to the microsecond."""
    said = asdict(entry)
    del said["mac"]
    said["at"] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
