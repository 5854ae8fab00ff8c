"""What one line means, exactly. This is the definition; `columns` only does it faster."""

import csv
import re
from datetime import UTC, datetime, timedelta

from apps.engine.energy import LARGEST_SLOT_WH
from apps.engine.inputs import Quality
from apps.metering.measures_file.dialect import QUALITIES, Dialect
from apps.metering.measures_file.instants import SECONDS_PER_QUARTER, day_starts
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.rejects import Reason
from apps.metering.measures_file.rows import SILENT

_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?)?\s*([Zz]|([+-])(\d\d)(?::?(\d\d))?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"([+-]?)(\d*)(?:[.,](\d*))?(?:[eE]([+-]?\d+))?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR = 4300  # digits that Python turns into a number; no line is as long
ParsedLine = tuple[int, int, int, int, int]
"""Position of the POD, seconds since 1970, injected and withdrawn Wh or SILENT, quality."""


class LineRejected(Exception):
    """Why a line is not taken, and what stood there."""

    def __init__(self, reason: Reason, value: str) -> None:
        self.reason, self.value = reason, value


def parse_line(line: str, dialect: Dialect, pods: RegisteredPods) -> ParsedLine | None:
    """Read one line, None when it is blank. Errors: `LineRejected` with the first reason that applies."""
    if not line.strip():
        return None
    fields = _split(line, dialect)
    if len(fields) != len(dialect.columns):
        raise LineRejected(Reason.FIELDS, str(len(fields)))
    named = dict(zip(dialect.columns, fields, strict=True))
    pod = pods.find(named["pod"])
    if isinstance(pod, Reason):
        raise LineRejected(pod, named["pod"])
    seconds = parse_instant(named["starts_at"])
    injected, withdrawn = parse_wh(named["injected_kwh"]), parse_wh(named["withdrawn_kwh"])
    quality = parse_quality(named.get("quality", ""), dialect.default)
    if quality == Quality.MISSING:
        # It takes back what it fills in; a row that fills in nothing takes back both.
        nothing = injected == withdrawn == SILENT
        injected = 0 if nothing or injected != SILENT else SILENT
        withdrawn = 0 if nothing or withdrawn != SILENT else SILENT
    return pod, seconds, injected, withdrawn, quality


def _split(line: str, dialect: Dialect) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=dialect.delimiter))
    except csv.Error:  # a carriage return inside the line
        return []


def parse_instant(text: str) -> int:
    """Return the start of a quarter in seconds since 1970. ISO 8601 with offset. Errors: `LineRejected`."""
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise LineRejected(Reason.TIME_FORM, text)
    year, month, day, hour, minute, second, fraction, offset, sign, offset_hours, offset_minutes = match.groups()
    if offset is None:
        raise LineRejected(Reason.TIME_WITHOUT_OFFSET, text)
    if hour is None:
        raise LineRejected(Reason.TIME_FORM, text)
    ahead = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    if int(offset_hours or 0) > 23 or int(offset_minutes or 0) > 59:
        raise LineRejected(Reason.TIME_FORM, text)
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute or 0), int(second or 0), tzinfo=UTC)
    except ValueError:
        raise LineRejected(Reason.TIME_NOT_EXISTING, text) from None
    seconds = int((local - _EPOCH).total_seconds()) - (-1 if sign == "-" else 1) * int(ahead.total_seconds())
    starts = day_starts()
    if not starts[0] <= seconds < starts[-1]:
        raise LineRejected(Reason.TIME_OUT_OF_RANGE, text)
    if seconds % SECONDS_PER_QUARTER or (fraction and fraction.strip("0")):
        raise LineRejected(Reason.TIME_BETWEEN_QUARTERS, text)
    return seconds


def parse_wh(text: str) -> int:
    """Return kWh as whole Wh, rounded half-up once; SILENT when empty. Errors: `LineRejected`."""
    number = text.strip()
    if not number:
        return SILENT
    match = _NUMBER.fullmatch(number)
    if match is None or not (match[2] or match[3]) or len(number) > _FAR:
        raise LineRejected(Reason.NUMBER_FORM, text)
    digits = int(match[2] + (match[3] or ""))
    if not digits:
        return 0
    if match[1] == "-":
        raise LineRejected(Reason.NUMBER_NEGATIVE, text)
    power = int(match[4] or 0) - len(match[3] or "") + 3
    if power < 0:
        if -power > _FAR:
            return 0
        unit = int(10**-power)
        wh: int = (2 * digits + unit) // (2 * unit)
    else:
        wh = digits * int(10 ** min(power, 20))
    if wh > LARGEST_SLOT_WH:
        raise LineRejected(Reason.NUMBER_TOO_LARGE, text)
    return wh


def parse_quality(text: str, default: Quality) -> Quality:
    """Return what a cell says about where the row comes from. Errors: `LineRejected`."""
    name = text.strip().lower()
    if not name:
        return default
    if name not in QUALITIES:
        raise LineRejected(Reason.QUALITY_UNKNOWN, text)
    return QUALITIES[name]
