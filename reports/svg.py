"""The pencil: axes, scales and paths of the charts, as SVG text.

Every mark is an attribute (never a `style`, a class or a script), so that a chart may stand inline in a page with a strict
content security policy as well as in a PDF. One path per series keeps pages small: a month of bars is one element.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from reports.formats import plain

FONT = "DejaVu Sans, system-ui, sans-serif"
INK = "#2d3748"
QUIET = "#5a6678"
GRID = "#e2e8f0"
AXIS = "#a0aec0"

# DejaVu Sans, in parts of the font size
_DIGITS = "0123456789.,"
_DIGIT_WIDTH = 0.636
_POINT_WIDTH = 0.318
_ANCHORS = {"middle": 0.5, "end": 1.0}


def coordinate(value: float) -> str:
    """A length with at most two decimals and no zeros that say nothing: short files, the same on every machine."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def ticks(top: float, wanted: int = 4) -> list[float]:
    """Round values 0, s, 2s, … that reach `top`; s is 1, 2 or 5 times a power of ten."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / wanted
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    count = 1
    while count * step < top * 0.999999:
        count += 1
    return [step * index for index in range(count + 1)]


def tick_label(value: float, step: float) -> str:
    """The value in Italian, with as many decimals as the step needs."""
    places = max(0, -floor(log10(step) + 1e-9))
    text = f"{value:,.{places}f}"
    return text.replace(",", " ").replace(".", ",").replace(" ", ".")


def text(x: float, y: float, content: str, *, size: float = 11, anchor: str = "start", color: str = QUIET) -> str:
    """A word at its base line; `anchor` is start, middle or end.

    Numbers are anchored here, by the width of the font's digits: for the PDF renderer an anchor is a separate object with
    resources of its own, and a chart has dozens of numbers.
    """
    if anchor != "start" and content and not content.strip(_DIGITS):
        x -= sum(_DIGIT_WIDTH if character.isdigit() else _POINT_WIDTH for character in content) * size * _ANCHORS[anchor]
        anchor = "start"
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{coordinate(x)}" y="{coordinate(y)}" font-size="{coordinate(size)}"{anchored} '
        f'fill="{color}">{escape(plain(content))}</text>'
    )


def path(commands: Iterable[str], *, fill: str = "none", stroke: str = "", width: float = 1.5) -> str:
    """One path of all the commands; nothing when there are none."""
    data = "".join(commands)
    if not data:
        return ""
    line = (
        f' stroke="{stroke}" stroke-width="{coordinate(width)}" stroke-linejoin="round" stroke-linecap="round"' if stroke else ""
    )
    return f'<path d="{data}" fill="{fill}"{line}/>'


def rectangle(x: float, y: float, width: float, height: float) -> str:
    return f"M{coordinate(x)} {coordinate(y)}h{coordinate(width)}v{coordinate(height)}h{coordinate(-width)}z"


def picture(width: float, height: float, *, title: str, description: str, body: Iterable[str]) -> str:
    """The whole drawing: scales to its box, tells its title and description to who cannot see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {coordinate(width)} {coordinate(height)}" '
        f'width="{coordinate(width)}" height="{coordinate(height)}" role="img" aria-label="{escape(plain(title, 300))}" '
        f'font-family="{FONT}"><title>{escape(plain(title, 300))}</title><desc>{escape(plain(description, 1000))}</desc>'
        + "".join(body)
        + "</svg>"
    )


def _letter_width(letter: str) -> float:
    """About, in parts of the font size: enough to set names apart."""
    if letter in "ijl.,' ":
        return 0.3
    return 0.9 if letter in "mwMW%" else 0.61


@dataclass(frozen=True, slots=True)
class Frame:
    """The plotting area inside a picture and its two scales: slots from left to right, values from the base line up."""

    left: float
    top: float
    width: float
    height: float
    slots: int
    marks: tuple[float, ...]

    @property
    def base(self) -> float:
        return self.top + self.height

    @property
    def slot_width(self) -> float:
        return self.width / self.slots

    def y(self, value: float) -> float:
        return self.base - self.height * value / self.marks[-1]

    def x(self, slot: float) -> float:
        return self.left + self.slot_width * slot

    def grid(self, *, size: float = 10) -> list[str]:
        """Horizontal lines with their labels, and the base line."""
        step = self.marks[1]
        lines = [f"M{coordinate(self.left)} {coordinate(self.y(mark))}h{coordinate(self.width)}" for mark in self.marks[1:]]
        labels = [
            text(self.left - 6, self.y(mark) + size * 0.35, tick_label(mark, step), size=size, anchor="end")
            for mark in self.marks
        ]
        base = path([f"M{coordinate(self.left)} {coordinate(self.base)}h{coordinate(self.width)}"], stroke=AXIS, width=1)
        return [path(lines, stroke=GRID, width=1), base, *labels]

    def slot_labels(self, labels: Sequence[str], *, size: float = 10) -> list[str]:
        """A label under every slot that has one."""
        return [
            text(self.x(slot + 0.5), self.base + size + 5, label, size=size, anchor="middle")
            for slot, label in enumerate(labels)
            if label
        ]


def legend(entries: Sequence[tuple[str, str]], *, left: float, top: float, size: float = 11) -> list[str]:
    """Coloured squares with names in one row: (name, colour)."""
    parts: list[str] = []
    x = left
    for name, color in entries:
        parts.append(path([rectangle(x, top - size * 0.78, size * 0.85, size * 0.85)], fill=color))
        parts.append(text(x + size * 1.25, top, name, size=size, color=INK))
        x += size * (1.25 + sum(_letter_width(letter) for letter in plain(name)) + 1.6)
    return parts
