"""Periods `[from, to)` of local dates, open when `to` is None."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Span:
    starts_on: date
    ends_on: date | None

    def overlaps(self, other: "Span") -> bool:
        return (self.ends_on is None or other.starts_on < self.ends_on) and (
            other.ends_on is None or self.starts_on < other.ends_on
        )

    def holds(self, other: "Span") -> bool:
        """Does `other` lie wholly inside?"""
        within = self.ends_on is None or (other.ends_on is not None and other.ends_on <= self.ends_on)
        return self.starts_on <= other.starts_on and within

    def __str__(self) -> str:
        if self.ends_on is None:
            return _("from %(first)s on") % {"first": self.starts_on}
        return _("from %(first)s to %(last)s") % {"first": self.starts_on, "last": self.ends_on}


def join(spans: list[Span]) -> list[Span]:
    """The same days with spans that touch made one, in order."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.starts_on):
        last = found[-1] if found else None
        if last is None or (last.ends_on is not None and last.ends_on < span.starts_on):
            found.append(span)
        elif last.ends_on is not None and (span.ends_on is None or span.ends_on > last.ends_on):
            found[-1] = Span(last.starts_on, span.ends_on)
    return found
