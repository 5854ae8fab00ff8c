"""The import against its model: random files one after the other, whole, in pieces, shuffled, spilled to disk."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.engine.calendar import quarters_in_day
from apps.engine.inputs import Quality
from apps.metering.imports import import_measures
from apps.metering.measures_file import blocks, days, storing
from apps.metering.measures_file.dialect import Dialect
from apps.metering.measures_file.rejects import Reason
from apps.metering.models import Channel, DayCurve, Source
from apps.metering.queries import get_day_curve
from tests.apps.metering.model import INJECTED, WITHDRAWN, Model
from tests.apps.metering.rows import AS_OF, PODS, stamp, stored_bytes

pytestmark = pytest.mark.django_db
COLUMNS = ("pod", "starts_at", "injected_kwh", "withdrawn_kwh", "quality")
HEADER = ";".join(COLUMNS)
DIALECT = Dialect(";", COLUMNS, Quality.OFFICIAL)
DAYS = (date(2023, 3, 25), date(2023, 3, 26), date(2023, 10, 29))
# What a meter says of one POD and day
FORMS = ("quarters", "hours", "some quarters", "some hours", "mixed")


@dataclass(frozen=True)
class MeterDay:
    """What a file says of one POD and day; `slots` only for a part of it."""

    pod: str
    day: date
    form: str
    slots: tuple[int, ...]
    cells: str

    def rows(self) -> list[str]:
        length = quarters_in_day(self.day)
        slots = self.slots or tuple(range(0, length, 4 if self.form == "hours" else 1))
        if self.form == "mixed":
            slots = (*range(self.slots[0] + 1), *range(40, length, 4))
        return [f"{self.pod};{stamp(self.day, slot)};{self.cells}" for slot in slots]


@dataclass(frozen=True)
class Rows:
    """A file: days of meters, odd rows, and whether and how they are shuffled."""

    days: tuple[MeterDay, ...]
    odd: tuple[str, ...]
    order: int | None

    def lines(self) -> list[str]:
        lines = [*(row for part in self.days for row in part.rows()), *self.odd]
        if self.order is not None:
            random.Random(self.order).shuffle(lines)
        return lines


@st.composite
def meter_days(draw) -> MeterDay:
    pod, day = draw(st.sampled_from(PODS[:2])), draw(st.sampled_from(DAYS))
    form = draw(st.sampled_from(FORMS))
    slots: tuple[int, ...] = ()
    if form.startswith("some"):
        step = 4 if form == "some hours" else 1
        slots = tuple(sorted(draw(st.sets(st.sampled_from(range(0, quarters_in_day(day), step)), min_size=1, max_size=6))))
    elif form == "mixed":
        slots = (draw(st.integers(0, 39)),)
    injected = draw(st.sampled_from(["0", "", "1.5"]))
    withdrawn = draw(st.sampled_from(["0", "", "0.125", "0.126"]))
    quality = draw(st.sampled_from(["", "", "measured", "missing", "estimated"]))
    return MeterDay(pod, day, form, slots, f"{injected};{withdrawn};{quality}")


ODD = st.sampled_from(["", "kaputt", f"{PODS[0]};2023-03-25;1;1;", ";;;;", f"IT001E99999999;{stamp(DAYS[0], 0)};1;1;"])
FILES = st.builds(
    Rows,
    st.lists(meter_days(), min_size=1, max_size=4).map(tuple),
    st.lists(ODD, max_size=3).map(tuple),
    st.none() | st.integers(0, 99),
)


def small() -> ExitStack:
    """Blocks of a few lines, room for two days, portions of one: everything that happens only in large files."""
    stack = ExitStack()
    stack.enter_context(patch.object(blocks, "BLOCK_BYTES", 700))
    stack.enter_context(patch.object(days, "CAPACITY", 2))
    stack.enter_context(patch.object(storing, "_CELLS_AT_A_TIME", 1))
    return stack


def run(path: Path, rows: list[str], *, dry: bool = False) -> dict[str, Any]:
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    report = import_measures(path, source=Source.OFFICIAL, as_of=AS_OF, dry=dry)
    assert report.read == report.new + report.changed + report.unchanged + report.rejected
    assert report.rejected == len(report.rejects) or report.rejected > 100
    return {
        "read": report.read,
        "new": report.new,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "rejects": [(found.line, found.reason) for found in report.rejects],
    }


def known() -> Iterator[tuple[tuple[str, date, int], dict[int, tuple[int, int]]]]:
    for pod in PODS[:2]:
        for day in DAYS:
            found = get_day_curve(pod, day)
            for channel, energy, quality in (
                (WITHDRAWN, found.withdrawn_wh, found.withdrawn_quality),
                (INJECTED, found.injected_wh, found.injected_quality),
            ):
                pairs = enumerate(zip(energy.tolist(), quality.tolist(), strict=True))
                curve = {slot: pair for slot, pair in pairs if pair[1] != Quality.MISSING}
                if curve:
                    yield (pod, day, channel), curve


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sequence=st.lists(FILES, min_size=1, max_size=3), tiny=st.booleans())
def test_files_do_what_the_model_says(pods, tmp_path, sequence, tiny):
    DayCurve.objects.all().delete()
    model = Model(PODS)
    with small() if tiny else ExitStack():
        for rows in (file.lines() for file in sequence):
            before = stored_bytes()
            foreseen = run(tmp_path / "m.csv", rows, dry=True)
            assert stored_bytes() == before
            done = run(tmp_path / "m.csv", rows)
            expected = model.import_lines(rows, DIALECT)
            expected["rejects"] = expected["rejects"][:100]
            assert done == expected
            assert foreseen == done
            assert dict(known()) == model.known()
            after = stored_bytes()
            again = run(tmp_path / "m.csv", rows)
            assert (again["new"], again["changed"], again["rejects"]) == (0, 0, done["rejects"])
            assert stored_bytes() == after


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(parts=st.lists(meter_days(), min_size=1, max_size=5))
def test_the_order_of_rows_does_not_matter(pods, tmp_path, parts):
    """As long as no row contradicts another, which would make it matter which comes first."""
    rows = list({tuple(row.split(";")[:2]): row for part in parts for row in part.rows()}.values())
    found: list[tuple[Any, ...]] = []
    for seed in range(3):
        DayCurve.objects.all().delete()
        with small() if found else ExitStack():
            done = run(tmp_path / "m.csv", rows)
        found.append((done["read"], done["new"], len(done["rejects"]), stored_bytes()))
        random.Random(seed).shuffle(rows)
    assert found[0] == found[1] == found[2]


def test_hours_of_one_channel_among_quarters_of_the_other_stay_known(pods, tmp_path):
    """The withdrawal came by the quarter, two hours of the injection as a whole: their first quarters alone are refused."""
    day, model = DAYS[1], Model(PODS)
    files = (
        MeterDay(PODS[0], day, "some hours", (64, 76), "0;0;"),
        MeterDay(PODS[0], day, "quarters", (), ";0;"),
        MeterDay(PODS[0], day, "mixed", (33,), "0;0;"),
    )
    for part in files:
        done = run(tmp_path / "m.csv", part.rows())
        assert done == model.import_lines(part.rows(), DIALECT)
        assert dict(known()) == model.known()
    assert [reason for _line, reason in done["rejects"]] == [Reason.MIXED, Reason.MIXED]
    assert {slot for slot in range(64, 80) if get_day_curve(PODS[0], day).injected_quality[slot] != Quality.MISSING} >= {
        *range(64, 68),
        *range(76, 80),
    }


def test_channels_are_those_of_the_model():
    assert (WITHDRAWN, INJECTED) == (Channel.WITHDRAWN, Channel.INJECTED)
