"""From bytes to a typed value, refusing what is hostile or doubtful, in bounded time.

JSON that names a key twice means two things at once, and no fast parser notices. So a payload is looked at closely once: depth,
keys, the type of every field. What is left of it without its digits, its *skeleton*, then vouches for the next: equal skeletons
have the same keys, the same nesting and the same types in the same places, and only numbers differ. The memory of skeletons
makes parsing fast and changes no answer (a test parses everything with and without it).
"""

import json
import re
from typing import Any, Generic, TypeVar

import msgspec

from apps.engine.telemetry.messages import Reason, Refused

LARGEST_BYTES = 256 * 1024
DEEPEST = 16
_DIGITS = b"0123456789.-"
_MOST_SKELETONS = 8192
_LONGEST_REMEMBERED = 4096
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
T = TypeVar("T")


def check_bytes(payload: bytes) -> None:
    """Refuse what is empty, larger than 256 KiB or not UTF-8."""
    if not payload:
        raise Refused(Reason.EMPTY, "The payload is empty.")
    if len(payload) > LARGEST_BYTES:
        raise Refused(Reason.TOO_LARGE, f"The payload has {len(payload)} bytes; at most {LARGEST_BYTES} make sense.")
    if not payload.isascii():
        try:
            payload.decode()
        except UnicodeDecodeError as error:
            raise Refused(Reason.NOT_UTF8, f"The payload is not UTF-8: byte {error.start} cannot stand there.") from None


class Shape(Generic[T]):
    """One type of payload, and the skeletons of it that were looked at closely."""

    def __init__(self, of: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(of)
        self._known: set[bytes] = set()

    def skeleton(self, payload: bytes, name: bytes) -> bytes:
        """Return what is left of a payload without digits and without the device's own name; nothing of a long one."""
        if len(payload) > _LONGEST_REMEMBERED:
            return b""
        return (payload.replace(name, b"") if name else payload).translate(None, _DIGITS)

    def knows(self, skeleton: bytes) -> bool:
        return skeleton in self._known

    def remember(self, skeleton: bytes, payload: bytes, name: bytes) -> None:
        """Let a skeleton vouch from now on, if nothing but numbers can hide behind it."""
        if not skeleton or not payload.isascii() or b"\\" in payload or _keys_collide(payload, name):
            return
        if len(self._known) >= _MOST_SKELETONS:
            self._known.clear()
        self._known.add(skeleton)

    def forget(self) -> None:
        self._known.clear()

    def decode(self, payload: bytes) -> T:
        """Return the value. Errors: `Refused` with `MALFORMED` or `WRONG_TYPE`."""
        try:
            return self._decoder.decode(payload)
        except msgspec.ValidationError as error:
            raise Refused(Reason.WRONG_TYPE, f"The payload is not of the expected form: {error}.") from None
        except msgspec.DecodeError as error:
            raise Refused(Reason.MALFORMED, f"The payload is not JSON: {error}.") from None

    def decode_closely(self, payload: bytes) -> T:
        """Return the value of a payload never seen before. Errors: `Refused`, also `TOO_DEEP` and `DUPLICATE_KEYS`."""
        check_bytes(payload)
        _check_depth(payload)
        value = self.decode(payload)
        _walk(payload, _refuse_duplicates)
        return value


def _check_depth(payload: bytes) -> None:
    depth = 0
    for bracket in _STRING.sub(b"", payload).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            raise Refused(Reason.TOO_DEEP, f"The payload is nested deeper than {DEEPEST} levels.")


def _walk(payload: bytes, visit: Any) -> None:
    """Show the pairs of every object of a payload that is known to be JSON to `visit`; numbers are left as text."""
    json.loads(payload, object_pairs_hook=visit, parse_int=str, parse_float=str)


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise Refused(Reason.DUPLICATE_KEYS, f"The payload names {key[:40]!r} twice.")
        seen.add(key)


def _keys_collide(payload: bytes, name: bytes) -> bool:
    """Say whether two keys of one object are the same without digits and name: there a duplicate could hide."""
    collisions = []

    def visit(pairs: list[tuple[str, Any]]) -> None:
        keys = [key.encode() for key, _ in pairs]
        bare = {(key.replace(name, b"") if name else key).translate(None, _DIGITS) for key in keys}
        collisions.append(len(bare) < len(keys))

    _walk(payload, visit)
    return any(collisions)
