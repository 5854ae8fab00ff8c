"""The import against its model: random files one after the other, whole, in pieces, shuffled, spilled to disk."""

from collections.abc import Iterator
from contextlib import ExitStack
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


@st.composite
def meter_days(draw) -> list[str]:
    pod, day = draw(st.sampled_from(PODS[:2])), draw(st.sampled_from(DAYS))
    form = draw(st.sampled_from(FORMS))
    length = quarters_in_day(day)
    slots: list[int] = list(range(0, length, 4 if "hours" in form else 1))
    if form.startswith("some"):
        slots = sorted(draw(st.sets(st.sampled_from(slots), min_size=1, max_size=6)))
    elif form == "mixed":
        slots = list(range(draw(st.integers(1, 40)))) + list(range(40, length, 4))
    injected = draw(st.sampled_from(["0", "", "1.5"]))
    withdrawn = draw(st.sampled_from(["0", "", "0.125", "0.126"]))
    quality = draw(st.sampled_from(["", "", "measured", "missing", "estimated"]))
    return [f"{pod};{stamp(day, slot)};{injected};{withdrawn};{quality}" for slot in slots]


@st.composite
def files(draw) -> list[str]:
    rows = [row for part in draw(st.lists(meter_days(), min_size=1, max_size=4)) for row in part]
    rows += draw(st.lists(st.sampled_from(["", "kaputt", f"{PODS[0]};2023-03-25;1;1;", ";;;;"]), max_size=3))
    order = draw(st.sampled_from(["as is", "shuffled", "backwards"]))
    if order == "shuffled":
        draw(st.randoms(use_true_random=False)).shuffle(rows)
    return rows[::-1] if order == "backwards" else rows


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


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sequence=st.lists(files(), min_size=1, max_size=3), tiny=st.booleans())
def test_files_do_what_the_model_says(pods, tmp_path, sequence, tiny):
    DayCurve.objects.all().delete()
    model = Model(PODS)
    with small() if tiny else ExitStack():
        for rows in sequence:
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
@given(
    parts=st.lists(meter_days(), min_size=1, max_size=5, unique_by=lambda rows: rows[0]), random=st.randoms(use_true_random=False)
)
def test_the_order_of_rows_does_not_matter(pods, tmp_path, parts, random):
    """As long as no row contradicts another, which would make it matter which comes first."""
    rows = list({tuple(row.split(";")[:2]): row for part in parts for row in part}.values())
    found: list[tuple[Any, ...]] = []
    for _ in range(3):
        DayCurve.objects.all().delete()
        with small() if found else ExitStack():
            done = run(tmp_path / "m.csv", rows)
        found.append((done["read"], done["new"], len(done["rejects"]), stored_bytes()))
        random.shuffle(rows)
    assert found[0] == found[1] == found[2]


def test_channels_are_those_of_the_model():
    assert (WITHDRAWN, INJECTED) == (Channel.WITHDRAWN, Channel.INJECTED)
