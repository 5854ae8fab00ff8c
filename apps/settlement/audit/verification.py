"""Is the trail what was written? Names the first entry that is not, and what was done to it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from apps.settlement.audit.chain import Entry, Keys, KeyUnknown, is_genuine

Read = Callable[[], Iterator[Entry]]  # the whole chain by sequence; read again only when something is wrong
Anchors = Mapping[int, frozenset[str]]


class Wrong(StrEnum):
    """What was done behind the application's back."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    CUT = "cut"
    UNANCHORED = "unanchored"
    KEY_UNKNOWN = "key_unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first place where the trail is not what was written. `sentence` is for the operator."""

    sequence: int
    wrong: Wrong
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the trail is intact: `entries` good ones, the last of them sealed with `last_mac`."""

    entries: int
    last_mac: str
    finding: Finding | None


def verify(read: Read, anchors: Anchors, keys: Keys) -> Verdict:
    """Walk the chain once. `anchors` must have been read before `read` is called: what was anchored is committed."""
    expected, previous = 1, ""
    for entry in read():
        try:
            if entry.sequence != expected or entry.previous_mac != previous or not is_genuine(entry, keys):
                return Verdict(expected - 1, previous, _explain(read, anchors, keys, entry, expected, previous))
        except KeyUnknown as error:
            return Verdict(expected - 1, previous, Finding(entry.sequence, Wrong.KEY_UNKNOWN, str(error)))
        if anchors.get(expected, frozenset()) - {entry.mac}:
            sentence = f"Entry {expected} is genuine, but not the one that was anchored: the trail was cut before it and went on."
            return Verdict(expected - 1, previous, Finding(expected, Wrong.CUT, sentence))
        expected, previous = expected + 1, entry.mac
    return Verdict(expected - 1, previous, _look_at_end(anchors, expected))


def _look_at_end(anchors: Anchors, expected: int) -> Finding | None:
    last = max(anchors, default=0)
    if last >= expected:
        sentence = f"Entry {expected} is missing at the end: entry {last} was anchored, so the tail was cut."
        return Finding(expected, Wrong.CUT, sentence)
    if expected > 1 and not anchors:
        sentence = f"The anchors are gone: nothing outside the database says that entry {expected - 1} is the last."
        return Finding(expected - 1, Wrong.UNANCHORED, sentence)
    return None


def _explain(read: Read, anchors: Anchors, keys: Keys, entry: Entry, expected: int, previous: str) -> Finding:
    """What happened where `entry` stands and a genuine entry `expected` after `previous` should. Errors: `KeyUnknown`."""
    if is_genuine(entry, keys):
        if entry.sequence > expected:
            return Finding(expected, Wrong.DELETED, f"Entry {expected} was deleted: entry {entry.sequence} follows it.")
        sentence = f"Entry {expected - 1} was replaced: entry {expected} follows another one."
        return Finding(expected - 1, Wrong.EDITED, sentence)
    known_macs, home, following = {""}, 0, None
    for other in read():
        known_macs.add(other.mac)
        if following is None and other.sequence > entry.sequence:
            following = other
        home = home or _home(entry, other, keys)
        last = other.sequence
    if not home and _is_genuine_as(entry, keys, sequence=last + 1):
        home = last + 1
    if home and entry.previous_mac not in known_macs:
        return Finding(expected, Wrong.DELETED, f"Entry {expected} was deleted: entry {home} stands in its place.")
    if home:
        return Finding(expected, Wrong.SWAPPED, f"Entry {expected} was swapped: entry {home} stands in its place.")
    if _closes_without(entry, following, anchors, keys, previous):
        return Finding(entry.sequence, Wrong.INSERTED, f"Entry {entry.sequence} was inserted: the key did not seal it.")
    return Finding(entry.sequence, Wrong.EDITED, f"Entry {entry.sequence} was edited: the key did not seal what it says now.")


def _home(entry: Entry, other: Entry, keys: Keys) -> int:
    """`other.sequence` if what `entry` says was sealed for that place, else 0: rows move, or only what they say."""
    if other.sequence == entry.sequence:
        return 0
    there: dict[str, int | str] = {"sequence": other.sequence, "previous_mac": other.previous_mac}
    moved = (
        _is_genuine_as(entry, keys, sequence=other.sequence)
        or _is_genuine_as(entry, keys, **there)
        or _is_genuine_as(entry, keys, key_id=other.key_id, mac=other.mac, **there)
    )
    return other.sequence if moved else 0


def _closes_without(entry: Entry, following: Entry | None, anchors: Anchors, keys: Keys, previous: str) -> bool:
    """Does the chain close when a forged entry is left out?"""
    if following is None:
        return entry.sequence > max(anchors, default=0)
    return following.previous_mac == previous or _is_genuine_as(
        following, keys, sequence=following.sequence - 1, previous_mac=previous
    )


def _is_genuine_as(entry: Entry, keys: Keys, **changes: int | str) -> bool:
    try:
        return is_genuine(replace(entry, **changes), keys)  # type: ignore[arg-type]  # names and types are ours
    except KeyUnknown:
        return False
