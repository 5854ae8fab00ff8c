"""Numbers of a payload as whole thousandths, from their digits: no binary fraction ever stands in between."""

import re
from decimal import Decimal
from typing import TypeVar

import msgspec

from apps.engine.decimals import exact
from apps.engine.errors import InvalidNumber
from apps.engine.telemetry.messages import Channel, Reason, Refused, Register

MILLI_OF_ONE = 3
"""Places from Wh, W, V, A, Hz to thousandths of them."""
MILLI_OF_KILO = 6
"""Places from kWh and kW to thousandths of Wh and W."""
MICROSECONDS = 6
LARGEST_REGISTER_MILLIWH = 10**15
"""A terawatt-hour: no meter of a community gets there, and int64 arithmetic has room above it."""
LARGEST_SHOWN = 2**63 - 1

_IMPORT, _EXPORT = Channel.IMPORT, Channel.EXPORT  # looked up once: members of an enumeration are slow to reach
ABSENT = msgspec.Raw(b"")
_LONGEST_WHOLE = 15
_ZEROS = tuple(b"0" * places for places in range(MILLI_OF_KILO + 1))
_TENS = tuple(int("1" + "0" * places) for places in range(MILLI_OF_KILO + 1))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST_TEXT = 200
_TEXT = msgspec.json.Decoder(str)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
Fields = dict[str, msgspec.Raw]
T = TypeVar("T")


def is_given(raw: msgspec.Raw) -> bool:
    """Say whether a field is there and not null."""
    return bytes(raw) not in (b"", b"null")


def scaled(raw: msgspec.Raw | bytes, places: int) -> int | None:
    """Return number × 10^places, rounded half-up to a whole; None when absent or null.

    Errors: `Refused` with `WRONG_TYPE` for what is no number, `OUT_OF_RANGE` for one beyond 10^19 or of more than 64 characters.
    """
    if not raw:
        return None
    whole, _, decimals = bytes(raw).partition(b".")
    missing = places - len(decimals)
    if missing >= 0 and len(whole) <= _LONGEST_WHOLE:
        try:
            return int(whole + decimals + _ZEROS[missing])
        except ValueError:
            pass  # null, an exponent, or no number at all
    return _scaled_carefully(bytes(raw), places)


def _scaled_carefully(text: bytes, places: int) -> int | None:
    if text == b"null":
        return None
    # NaN is a number to Decimal; here a number starts like one
    if text.lstrip(b"-")[:1].isdigit():
        try:
            number = exact(text.decode())
        except InvalidNumber:
            raise Refused(Reason.OUT_OF_RANGE, f"The number {_short(text)} is beyond anything a device can mean.") from None
        return int((2 * number * _TENS[places] + 1) // 2)
    raise Refused(Reason.WRONG_TYPE, f"A number was expected where {_short(text)} stands.")


def _short(text: bytes) -> str:
    return clean(text[:40].decode("utf-8", "replace")) + ("…" if len(text) > 40 else "")


def shown(raw: msgspec.Raw | bytes, places: int) -> int | None:
    """Return a number that is only shown: like `scaled`, but None for one that is out of range."""
    try:
        number = scaled(raw, places)
    except Refused as refusal:
        if refusal.reason is Reason.OUT_OF_RANGE:
            return None
        raise
    return number if number is None or abs(number) <= LARGEST_SHOWN else None


def register(raw: msgspec.Raw | bytes, places: int) -> int | None:
    """Return a cumulative register in thousandths of Wh; None when absent or null.

    Errors: `Refused` as `scaled`, `NEGATIVE_REGISTER`, and `OUT_OF_RANGE` beyond a terawatt-hour.
    """
    number = scaled(raw, places)
    if number is None or 0 <= number <= LARGEST_REGISTER_MILLIWH:
        return number
    below = number < 0
    reason, what = (Reason.NEGATIVE_REGISTER, "below zero") if below else (Reason.OUT_OF_RANGE, "more than a terawatt-hour")
    raise Refused(reason, f"A cumulative register reads {_short(bytes(raw))}, {what}.")


def part_of(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw | bytes) -> T:
    """Return a part of a payload that is known to be JSON. Errors: `Refused` with `WRONG_TYPE`."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Refused(Reason.WRONG_TYPE, f"A part of the payload is not of the expected form: {error}.") from None


def fields_in(raw: msgspec.Raw | bytes) -> Fields:
    """Return the fields of an object, each as it was written. Errors: `Refused` with `WRONG_TYPE`."""
    return part_of(_FIELDS, raw)


def is_object(raw: msgspec.Raw) -> bool:
    return bytes(raw)[:1] == b"{"


def items(raw: msgspec.Raw) -> list[msgspec.Raw] | None:
    """Return the parts of a list, one per phase or tariff; None for anything else."""
    return _ITEMS.decode(raw) if bytes(raw)[:1] == b"[" else None


def total_and_parts(raw: msgspec.Raw, places: int) -> tuple[int | None, list[int]]:
    """Return a register that may be a number or a list per tariff or phase: what is settled, and the parts of a list.

    A list with a hole has no total: a part that is missing is unknown, not zero.
    """
    listed = items(raw)
    if listed is None:
        return register(raw, places), []
    parts = [register(part, places) for part in listed]
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None, []
    return sum(known), known


def registers_of(component: str, drawn: int | None, given: int | None) -> tuple[Register, ...]:
    """Return the registers that are there, of what was drawn through a meter and what was given back."""
    if given is None:
        return () if drawn is None else (Register(component, _IMPORT, drawn),)
    if drawn is None:
        return (Register(component, _EXPORT, given),)
    return Register(component, _IMPORT, drawn), Register(component, _EXPORT, given)


def decimal(raw: msgspec.Raw) -> Decimal | None:
    """Return a number of a sensor as it was written; None when absent, null or out of range. Errors: `Refused`."""
    if shown(raw, 0) is None:
        return None
    return Decimal(bytes(raw).decode())


def text(raw: msgspec.Raw) -> str | None:
    """Return a string, cleaned; None when the field is absent or something else."""
    return clean(_TEXT.decode(raw)) if bytes(raw)[:1] == b'"' else None


def clean(given: str) -> str:
    """Return a text without control characters (some bridges pad names with NUL), at most 200 characters."""
    return _CONTROL.sub("", given)[:_LONGEST_TEXT].strip()
