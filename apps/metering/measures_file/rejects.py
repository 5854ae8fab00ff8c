"""Why a row is not taken: a reason per rejected line, the first ones kept, all of them counted."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import IO, Protocol

from django.utils.translation import gettext, gettext_noop

SHOWN = 100
"""How many rejects are kept to be shown at once."""
_LONGEST_VALUE = 40


class Reason(IntEnum):
    """In the order in which a row is checked: the first reason found is the one given."""

    FIELDS = 1
    POD_FORM = 2
    POD_UNKNOWN = 3
    TIME_FORM = 4
    TIME_WITHOUT_OFFSET = 5
    TIME_NOT_EXISTING = 6
    TIME_OUT_OF_RANGE = 7
    TIME_BETWEEN_QUARTERS = 8
    NUMBER_FORM = 9
    NUMBER_NEGATIVE = 10
    NUMBER_TOO_LARGE = 11
    QUALITY_UNKNOWN = 12
    CONFLICT = 13
    MIXED = 14
    POD_OUTSIDE = 15  # in place of POD_UNKNOWN, for who may not know what is registered elsewhere


SENTENCES = {
    Reason.FIELDS: gettext_noop("The line has another number of fields than the header: %(value)s. Write one field per column."),
    Reason.POD_FORM: gettext_noop("“%(value)s” is not a POD: IT, three digits, E, eight or nine letters or digits."),
    Reason.POD_UNKNOWN: gettext_noop("%(value)s is not registered in any configuration. Register the metering point first."),
    Reason.POD_OUTSIDE: gettext_noop(
        "%(value)s is not a metering point of the communities that you administer, and of them alone. "
        "Register it first, or ask who administers all communities."
    ),
    Reason.TIME_FORM: gettext_noop("“%(value)s” is not an instant. Write it as 2023-03-01T00:00:00+01:00."),
    Reason.TIME_WITHOUT_OFFSET: gettext_noop(
        "“%(value)s” has no offset from UTC, so the hour is not certain. Write it as 2023-03-01T00:00:00+01:00."
    ),
    Reason.TIME_NOT_EXISTING: gettext_noop("“%(value)s” does not exist: no such day or hour. Correct the date."),
    Reason.TIME_OUT_OF_RANGE: gettext_noop("“%(value)s” lies outside the years 2000 to 2099. Correct the date."),
    Reason.TIME_BETWEEN_QUARTERS: gettext_noop("“%(value)s” is not the start of a quarter of an hour. Correct the minutes."),
    Reason.NUMBER_FORM: gettext_noop("“%(value)s” is not a number. Write kWh as 0.125 or 0,125, without thousands separators."),
    Reason.NUMBER_NEGATIVE: gettext_noop("%(value)s kWh is below zero, which no meter counts. Correct it or leave it empty."),
    Reason.NUMBER_TOO_LARGE: gettext_noop("%(value)s kWh is beyond any plant of a community. Check the unit of the file."),
    Reason.QUALITY_UNKNOWN: gettext_noop("“%(value)s” is not a quality: use measured, estimated, missing or official."),
    Reason.CONFLICT: gettext_noop(
        "An earlier line gives another value for %(value)s: the earlier one stands. Keep one of the two."
    ),
    Reason.MIXED: gettext_noop(
        "%(value)s: the day has quarters of an hour, but this hour has only its first. Write the day by quarters or by hours."
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class Reject:
    """One line that is not taken. `value` is what stood there, shortened."""

    line: int
    reason: Reason
    value: str = ""

    @property
    def sentence(self) -> str:
        """What is wrong, in the language of the reader."""
        return gettext(SENTENCES[self.reason]) % {"value": self.value}


def reject(line: int, reason: Reason, value: str) -> Reject:
    """Make a reject that is safe to show: short, on one line."""
    shown = value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
    return Reject(line, reason, "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown))


class ManyRejects(Protocol):
    """Rejects that are not spelt out yet."""

    def __len__(self) -> int: ...

    def spell_out(self, most: int | None) -> list[Reject]: ...


class RejectLog:
    """Counts rejects, keeps the first by line, and notes all of them in a spool file when there is one."""

    def __init__(self, spool: IO[str] | None = None) -> None:
        self.count = 0
        self._first: list[tuple[int, int, str]] = []  # a heap of the SHOWN smallest lines, negated
        self._spool = spool
        self._early: int | None = None

    def add(self, found: Reject) -> None:
        self.count += 1
        entry = (-found.line, found.reason.value, found.value)
        if len(self._first) < SHOWN:
            heapq.heappush(self._first, entry)
        elif entry > self._first[0]:
            heapq.heapreplace(self._first, entry)
        if self._spool is not None:
            self._spool.write(f"{found.line}\t{found.reason.value}\t{found.value}\n")

    def add_block(self, found: list[Reject], many: Sequence[ManyRejects]) -> None:
        """Note the rejects of a block that comes after all that were noted so far; spell out no more than is wanted."""
        most = None if self._spool is not None else SHOWN - len(self._first)
        spelt = [entry for part in many for entry in part.spell_out(most)]
        for entry in sorted([*found, *spelt]):
            self.add(entry)
        self.count += sum(len(part) for part in many) - len(spelt)

    def add_late(self, found: list[Reject]) -> None:
        """Note, after everything else, what only the whole file could tell. In any order, any lines."""
        self._early = self.count
        for late in sorted(found):
            self.add(late)

    def in_order(self) -> Iterator[Reject]:
        """Give all that stands in the spool, by line. Only the late ones, which were held in memory already, are held again."""
        if self._spool is None:
            raise ValueError("Without a spool only the first rejects are known.")
        self._spool.flush()
        early = self.count if self._early is None else self._early
        with open(self._spool.fileno(), encoding="utf-8", newline="\n", closefd=False) as again:
            again.seek(0)
            late = list(_read(islice(again, early, None)))
            again.seek(0)
            yield from heapq.merge(_read(islice(again, early)), late)

    @property
    def first(self) -> list[Reject]:
        """The rejects of the lowest lines, in order."""
        return sorted(Reject(-line, Reason(reason), value) for line, reason, value in self._first)


def _read(entries: Iterable[str]) -> Iterator[Reject]:
    for entry in entries:
        line, reason, value = entry.rstrip("\n").split("\t", 2)
        yield Reject(int(line), Reason(int(reason)), value)
