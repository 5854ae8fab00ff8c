"""Periods `[from, to)`: overlap, containment and joining, held against the days themselves."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.communities.community_file.spans import Span, join

FIRST, LAST = date(2023, 1, 1), date(2023, 1, 13)
ALL = [FIRST + timedelta(days=n) for n in range(14)]  # the last stands for every later day


def spans() -> st.SearchStrategy[Span]:
    starts = st.integers(0, 11)
    return starts.flatmap(
        lambda start: st.one_of(st.none(), st.integers(start + 1, 12)).map(
            lambda end: Span(ALL[start], None if end is None else ALL[end])
        )
    )


def days(span: Span) -> set[date]:
    return {day for day in ALL if span.starts_on <= day and (span.ends_on is None or day < span.ends_on)}


@given(spans(), spans())
def test_overlap_and_containment_are_those_of_the_days(one: Span, other: Span) -> None:
    assert one.overlaps(other) == bool(days(one) & days(other))
    assert one.holds(other) == (days(one) >= days(other))


@given(st.lists(spans(), max_size=5))
def test_joining_keeps_the_days_and_leaves_gaps_between(found: list[Span]) -> None:
    joined = join(found)
    assert set().union(*map(days, joined)) == set().union(*map(days, found))
    for earlier, later in pairwise(joined):
        assert earlier.ends_on is not None
        assert earlier.ends_on < later.starts_on
