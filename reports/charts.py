"""Pictures of energy: numbers in, one SVG text out. For statements, the backoffice and the portal alike.

Values are Wh (None: not known) and are drawn in kWh; every text comes from the caller, in the caller's language. A picture is
for the eye: floats are allowed here, and no number is ever read back from one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reports.svg import INK, Frame, coordinate, legend, path, picture, rectangle, text, ticks

WITHDRAWN = "#8096b4"
INJECTED = "#c47f1f"
SHARED = "#2b7a5b"
TAKEN = "#8a5a12"

Values = Sequence[int | float | None]


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity. Bars of the same `group` stand one in front of the other (a part before its whole), groups side by side."""

    name: str
    values: Values
    color: str
    shape: Literal["bars", "line"] = "bars"
    group: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """What a picture says: `title` and `description` for who cannot see it, `unit` above the axis, `axis` under it."""

    title: str
    description: str
    unit: str = "kWh"
    axis: str = ""


def daily(days: Sequence[date], series: Sequence[Series], words: Words, *, width: float = 720, height: float = 230) -> str:
    """Energy per day: one slot per day, labelled 1, 5, 10, … 30 with the day of the month."""
    labels = [str(day.day) if day.day == 1 or day.day % 5 == 0 else "" for day in days]
    return _plot(labels, series, words, width=width, height=height)


def hours_of_day(series: Sequence[Series], words: Words, *, width: float = 720, height: float = 230) -> str:
    """Energy per hour of the day: 24 slots, labelled 0, 3, … 21 at the start of the hour."""
    labels = [str(hour) if hour % 3 == 0 else "" for hour in range(24)]
    return _plot(labels, series, words, width=width, height=height)


def _plot(labels: Sequence[str], series: Sequence[Series], words: Words, *, width: float, height: float) -> str:
    for one in series:
        if len(one.values) != len(labels):
            raise ValueError(f"The series {one.name!r} has {len(one.values)} values for {len(labels)} slots.")
        if any(value is not None and value < 0 for value in one.values):
            raise ValueError(f"The series {one.name!r} has a negative energy.")
    top = max((value / 1000 for one in series for value in one.values if value is not None), default=0.0)
    bottom_margin = 38 if words.axis else 24
    frame = Frame(56, 30, width - 66, height - 30 - bottom_margin, max(1, len(labels)), tuple(ticks(top)))
    body = [text(26, 14, words.unit, size=10), *legend([(one.name, one.color) for one in series], left=56, top=14)]
    body += frame.grid()
    groups = sorted({one.group for one in series if one.shape == "bars"})
    for one in series:
        if one.shape == "bars":
            body.append(path(_bars(one.values, frame, groups.index(one.group), len(groups)), fill=one.color))
    for one in series:
        if one.shape == "line":
            body.append(path(_line(one.values, frame), stroke=one.color, width=2))
    body += frame.slot_labels(labels)
    if words.axis:
        body.append(text(frame.x(len(labels) / 2), height - 6, words.axis, size=10, anchor="middle"))
    return picture(width, height, title=words.title, description=words.description, body=body)


def _bars(values: Values, frame: Frame, group: int, groups: int) -> list[str]:
    """A rectangle per value that is known and not zero."""
    bar = frame.slot_width * 0.76 / groups
    marks = []
    for slot, value in enumerate(values):
        if value:
            y = frame.y(value / 1000)
            marks.append(rectangle(frame.x(slot) + frame.slot_width * 0.12 + bar * group, y, bar, frame.base - y))
    return marks


def _line(values: Values, frame: Frame) -> list[str]:
    """A line through the middle of the slots, interrupted where a value is not known."""
    marks = []
    pen_down = False
    for slot, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        marks.append(f"{'L' if pen_down else 'M'}{coordinate(frame.x(slot + 0.5))} {coordinate(frame.y(value / 1000))}")
        pen_down = True
    return marks


@dataclass(frozen=True, slots=True)
class CompletenessWords:
    """`classes` name the colours from "all hours known" down to "none", then "not expected": six texts."""

    title: str
    description: str
    classes: tuple[str, str, str, str, str, str]


COMPLETENESS = ("#2b7a5b", "#8fc1a9", "#e3c565", "#d9822b", "#a3262a", "#e7ecf2")
_BOUNDS = (1.0, 0.75, 0.5, 0.0)


def completeness(
    pods: Sequence[str], days: Sequence[date], known: NDArray[np.float64], words: CompletenessWords, *, width: float = 720
) -> str:
    """Which hours are known: a row per POD, a column per day, the colour is the share of known hours.

    `known` (P, D): 0..1, NaN where no hour is expected of that POD on that day. Cells of one colour are one path, so the size
    grows with the cells, not with the elements; a day without any hour also carries a white cross, for who sees no colours.
    """
    if known.shape != (len(pods), len(days)):
        raise ValueError(f"known has shape {known.shape} for {len(pods)} PODs and {len(days)} days.")
    row, left, top = 13.0, 118.0, 62.0
    column = (width - left - 8) / max(1, len(days))
    cells: list[list[str]] = [[] for _ in COMPLETENESS]
    crosses: list[str] = []
    for line, day in np.ndindex(known.shape):
        chosen = _class_of(float(known[line, day]))
        x, y = left + column * day, top + row * line
        cells[chosen].append(rectangle(x + 0.5, y + 0.5, column - 1, row - 1))
        if chosen == 4:
            crosses.append(_cross(x + column / 2, y + row / 2, min(column, row) * 0.2))
    entries = list(zip(words.classes, COMPLETENESS, strict=True))
    body = legend(entries[:3], left=left, top=14, size=10) + legend(entries[3:], left=left, top=32, size=10)
    body += [
        text(left + column * (index + 0.5), top - 6, str(day.day), size=9, anchor="middle") for index, day in enumerate(days)
    ]
    body += [
        text(left - 6, top + row * (line + 0.5) + 3.2, pod, size=9, anchor="end", color=INK) for line, pod in enumerate(pods)
    ]
    body += [path(marks, fill=color) for marks, color in zip(cells, COMPLETENESS, strict=True)]
    body.append(path(crosses, stroke="#ffffff", width=1.2))
    return picture(width, top + row * len(pods) + 8, title=words.title, description=words.description, body=body)


def _class_of(share: float) -> int:
    if isnan(share):
        return 5
    return next((index for index, bound in enumerate(_BOUNDS) if (share > bound if bound == 0 else share >= bound)), 4)


def _cross(x: float, y: float, size: float) -> str:
    low_x, high_x, low_y, high_y = (coordinate(value) for value in (x - size, x + size, y - size, y + size))
    return f"M{low_x} {low_y}L{high_x} {high_y}M{low_x} {high_y}L{high_x} {low_y}"
