"""Pictures of money: amounts per month, several side by side. Cents in, one SVG text out; a picture is for the eye."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from reports.svg import AXIS, GRID, coordinate, legend, path, picture, rectangle, text, tick_label, ticks

OWN = "#2b7a5b"
GSE = "#c47f1f"
BANK = "#3f6ea5"


@dataclass(frozen=True, slots=True)
class Amounts:
    """One quantity: cents per slot, None where nothing is known."""

    name: str
    cents: Sequence[int | None]
    color: str


def side_by_side(
    labels: Sequence[str],
    series: Sequence[Amounts],
    *,
    title: str,
    description: str,
    unit: str = "€",
    width: float = 720,
    height: float = 230,
) -> str:
    """A group of bars per slot; amounts below zero hang under the line of zero, what is not known is a gap."""
    for one in series:
        if len(one.cents) != len(labels):
            raise ValueError(f"The series {one.name!r} has {len(one.cents)} values for {len(labels)} slots.")
    known = [cents / 100 for one in series for cents in one.cents if cents is not None]
    step = ticks(max((abs(value) for value in known), default=0.0))[1]
    above = max(1, ceil(max(known, default=0.0) / step - 1e-9))
    below = max(0, ceil(-min(known, default=0.0) / step - 1e-9))
    left, top, right, bottom = 64.0, 30.0, 10.0, 24.0
    scale = (height - top - bottom) / ((above + below) * step)
    zero = top + above * step * scale
    slot = (width - left - right) / max(1, len(labels))
    marks = [step * number for number in range(-below, above + 1)]
    body = [text(26, 14, unit, size=10), *legend([(one.name, one.color) for one in series], left=left, top=14)]
    lines = [
        f"M{coordinate(left)} {coordinate(zero - mark * scale)}h{coordinate(width - left - right)}" for mark in marks if mark
    ]
    body += [
        path(lines, stroke=GRID, width=1),
        path([f"M{coordinate(left)} {coordinate(zero)}h{coordinate(width - left - right)}"], stroke=AXIS, width=1),
    ]
    body += [
        text(left - 6, zero - mark * scale + 3.5, tick_label(mark, step).replace("-", "−"), size=10, anchor="end")
        for mark in marks
    ]
    bar = slot * 0.76 / max(1, len(series))
    for place, one in enumerate(series):
        bars = [
            rectangle(
                left + slot * (index + 0.12) + bar * place,
                min(zero, zero - cents / 100 * scale),
                bar * 0.92,
                abs(cents / 100 * scale),
            )
            for index, cents in enumerate(one.cents)
            if cents
        ]
        body.append(path(bars, fill=one.color))
    body += [
        text(left + slot * (index + 0.5), height - bottom + 15, label, size=10, anchor="middle")
        for index, label in enumerate(labels)
    ]
    return picture(width, height, title=title, description=description, body=body)
