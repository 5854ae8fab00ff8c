"""A part of a snapshot says what the whole says, and is refused when a byte of it is another."""

import pytest

from apps.engine.explaining import cut_hours
from apps.engine.inputs import Contribution
from reports.errors import SnapshotAltered
from reports.snapshot_parquet import read_inputs, write_snapshot
from reports.snapshot_slices import CURVES, FACTS, LINES, TAKEN, inputs_sha256_of, read_hours, read_lines, read_taken
from tests.reports import months
from tests.reports.test_snapshot_parquet import assert_same


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    inputs, result = months.settled()
    return write_snapshot(inputs, result, months.snapshot_facts(inputs, result))


def some(files: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: files[name] for name in names}


@pytest.mark.parametrize("hours", [slice(0, 24), slice(30, 31), slice(700, 743), slice(0, 743), slice(5, 5)])
def test_some_hours_are_the_same_hours_of_the_whole(files, hours):
    whole = read_inputs(files)
    assert_same(read_hours(some(files, *FACTS, *CURVES), hours), cut_hours(whole, hours))


def test_the_facts_alone_need_no_curves(files):
    assert read_hours(some(files, *FACTS), slice(0, 0)).parameters == read_inputs(files).parameters


def test_groups_of_curves_are_put_together(files, monkeypatch):
    monkeypatch.setattr("reports.snapshot_quarters.CURVES_PER_GROUP", 2)
    inputs, result = months.settled()
    small = write_snapshot(inputs, result, months.snapshot_facts(inputs, result))
    assert_same(read_hours(some(small, *FACTS, *CURVES), slice(10, 20)), cut_hours(inputs, slice(10, 20)))


def test_the_postings_of_one_member_and_of_the_accounts(files):
    _, result = months.settled()
    found = read_lines(some(files, "manifest.json", LINES), contribution=Contribution.PREMIUM, member="M00002")
    wanted = [line for line in result.lines if line.contribution is Contribution.PREMIUM and line.member in ("", "M00002")]
    assert found == wanted
    assert any(line.member for line in found)


@pytest.mark.parametrize("name", ["inputs_points.parquet", CURVES[0]])
def test_a_changed_byte_is_refused(files, name):
    altered = some(files, *FACTS, *CURVES)
    altered[name] = altered[name][:-1] + bytes([altered[name][-1] ^ 1])
    with pytest.raises(SnapshotAltered):
        read_hours(altered, slice(0, 1))


def test_what_plants_took_is_the_results(files):
    _, result = months.settled()
    taken = read_taken(some(files, "manifest.json", TAKEN), plants=len(result.plants))
    assert taken.tolist() == result.taken_wh.tolist()
    with pytest.raises(SnapshotAltered):
        read_taken(some(files, "manifest.json", TAKEN), plants=0)


def test_a_file_that_was_never_written_and_a_missing_manifest_are_refused(files):
    with pytest.raises(SnapshotAltered):
        read_hours(some(files, *FACTS) | {"more.parquet": b""}, slice(0, 0))
    with pytest.raises(SnapshotAltered):
        read_hours({name: files[name] for name in FACTS[1:]}, slice(0, 0))


def test_the_manifest_says_whose_input_it_is(files):
    inputs, result = months.settled()
    assert inputs_sha256_of(files) == months.snapshot_facts(inputs, result).inputs_sha256
