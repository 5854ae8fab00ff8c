"""Pictures of quarters of an hour: how much each counted and how well it is known.

Classes of quality are numbers: 0 measured, 1 estimated, 2 suspect, 3 missing; every text comes from the caller. Colour never
stands alone: a quarter that is suspect carries a cross too, one that is missing has no bar.
"""

from collections.abc import Sequence

from reports.charts import Series, Values, Words
from reports.svg import Frame, coordinate, legend, path, picture, rectangle, text, ticks

QUALITY_COLORS = ("#2b7a5b", "#e3b23c", "#a3262a", "#c9d1dc")
NOT_YET = -1
"""The class of a quarter that has not ended: nothing is drawn."""
_SUSPECT, _MISSING = 2, 3
_STRIP = 8.0


def quality_strip(classes: Sequence[int], *, title: str, width: float = 144, height: float = 14) -> str:
    """One cell per quarter, the oldest on the left. Missing cells are half as high, suspect ones split: not colour alone."""
    step = width / max(1, len(classes))
    cells: list[list[str]] = [[] for _ in QUALITY_COLORS]
    for place, chosen in enumerate(classes):
        x, wide = step * place + 0.5, step - 1
        if chosen == _MISSING:
            cells[chosen].append(rectangle(x, height / 2, wide, height / 2))
        elif chosen == _SUSPECT:
            cells[chosen].append(rectangle(x, 0, wide, height * 0.4) + rectangle(x, height * 0.6, wide, height * 0.4))
        else:
            cells[chosen].append(rectangle(x, 0, wide, height))
    body = [path(marks, fill=color) for marks, color in zip(cells, QUALITY_COLORS, strict=True)]
    return picture(width, height, title=title, description=title, body=body)


def energy_of_quarters(
    values_wh: Sequence[int],
    classes: Sequence[int],
    labels: Sequence[str],
    names: Sequence[str],
    words: Words,
    *,
    width: float = 720,
    height: float = 220,
) -> str:
    """Energy of each quarter of a day in kWh, coloured by quality; a strip under the axis says it for empty quarters too.

    `labels` one text per quarter, most of them empty; `names` the four classes for the legend; `NOT_YET` draws nothing.
    """
    if not len(values_wh) == len(classes) == len(labels):
        raise ValueError(f"There are {len(values_wh)} values, {len(classes)} classes and {len(labels)} labels.")
    top = max((value / 1000 for value in values_wh), default=0.0)
    frame = Frame(56, 30, width - 66, height - 30 - 52, max(1, len(values_wh)), tuple(ticks(top)))
    body = [text(26, 14, words.unit, size=10), *legend(list(zip(names, QUALITY_COLORS, strict=True)), left=56, top=14)]
    body += frame.grid()
    bars: list[list[str]] = [[] for _ in QUALITY_COLORS]
    cells: list[list[str]] = [[] for _ in QUALITY_COLORS]
    crosses: list[str] = []
    strip_y = frame.base + 4
    for slot, (value, chosen) in enumerate(zip(values_wh, classes, strict=True)):
        x, wide = frame.x(slot), frame.slot_width
        if chosen == NOT_YET:
            continue
        if value > 0:
            y = frame.y(value / 1000)
            bars[chosen].append(rectangle(x + wide * 0.1, y, wide * 0.8, frame.base - y))
        cells[chosen].append(rectangle(x, strip_y, wide, _STRIP))
        if chosen == _SUSPECT:
            crosses.append(_cross(x + wide / 2, strip_y + _STRIP / 2, min(wide, _STRIP) * 0.28))
    body += [path(marks, fill=color) for marks, color in zip(bars, QUALITY_COLORS, strict=True)]
    body += [path(marks, fill=color) for marks, color in zip(cells, QUALITY_COLORS, strict=True)]
    body.append(path(crosses, stroke="#ffffff", width=1))
    body += _hours(frame, labels, words, below=_STRIP + 18, height=height)
    return picture(width, height, title=words.title, description=words.description, body=body)


def power_of_quarters(
    lines: Sequence[Series], labels: Sequence[str], words: Words, *, width: float = 720, height: float = 220
) -> str:
    """Mean power (W, drawn in kW) of each quarter of a day: level through the quarter, interrupted where it is not known."""
    for one in lines:
        if len(one.values) != len(labels):
            raise ValueError(f"The series {one.name!r} has {len(one.values)} values for {len(labels)} quarters.")
    top = max((value / 1000 for one in lines for value in one.values if value is not None), default=0.0)
    frame = Frame(56, 30, width - 66, height - 30 - 40, max(1, len(labels)), tuple(ticks(top)))
    body = [text(26, 14, words.unit, size=10), *legend([(one.name, one.color) for one in lines], left=56, top=14)]
    body += frame.grid()
    body += [path(_steps(one.values, frame), stroke=one.color, width=1.75) for one in lines]
    body += _hours(frame, labels, words, below=15, height=height)
    return picture(width, height, title=words.title, description=words.description, body=body)


def _steps(values: Values, frame: Frame) -> list[str]:
    marks = []
    pen_down = False
    for slot, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        y = coordinate(frame.y(value / 1000))
        marks.append(f"V{y}" if pen_down else f"M{coordinate(frame.x(slot))} {y}")
        marks.append(f"H{coordinate(frame.x(slot + 1))}")
        pen_down = True
    return marks


def _hours(frame: Frame, labels: Sequence[str], words: Words, *, below: float, height: float) -> list[str]:
    """The hours under the quarters that begin them, and what they are."""
    hours = [
        text(frame.x(slot), frame.base + below, label, size=10, anchor="middle") for slot, label in enumerate(labels) if label
    ]
    axis = [text(frame.x(len(labels) / 2), height - 5, words.axis, size=10, anchor="middle")] if words.axis else []
    return hours + axis


def _cross(x: float, y: float, size: float) -> str:
    low_x, high_x, low_y, high_y = (coordinate(value) for value in (x - size, x + size, y - size, y + size))
    return f"M{low_x} {low_y}L{high_x} {high_y}M{low_x} {high_y}L{high_x} {low_y}"
