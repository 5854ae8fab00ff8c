"""The snapshot of a run: read back to the last bit, readable by others, and refused when one byte is another."""

import io
import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from datetime import UTC, date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.engine.digest import inputs_sha256, result_sha256
from apps.engine.inputs import Injection, MonthInputs, Quality
from apps.engine.ordering import canonical
from apps.engine.settlement import settle
from reports import snapshot_quarters
from reports.errors import SnapshotAltered
from reports.snapshot_columns import exact_decimals, trimmed
from reports.snapshot_parquet import MANIFEST, read_inputs, verify_files, write_snapshot
from reports.snapshot_values import Leaf, LeafReader, leaves_of
from tests.reports import months

ROOT = Path(__file__).resolve().parents[2]
ARRAYS = ("withdrawn_wh", "withdrawn_quality", "injected_wh", "injected_quality", "prices_ueur_per_mwh")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    inputs, result = months.settled()
    return write_snapshot(inputs, result, months.snapshot_facts(inputs, result))


def assert_same(one: MonthInputs, other: MonthInputs) -> None:
    """Field by field, arrays with their types, then by the engine's own digest."""
    for field in fields(MonthInputs):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name in ARRAYS:
            assert left.dtype == right.dtype, field.name
            assert left.shape == right.shape, field.name
            assert np.array_equal(left, right), field.name
        else:
            assert left == right, field.name
            assert type(left) is type(right), field.name
    assert inputs_sha256(one) == inputs_sha256(other)


def table(files: dict[str, bytes], name: str) -> pa.Table:
    return pq.read_table(io.BytesIO(files[name]))


@pytest.mark.parametrize(("year", "month"), [(2023, 3), (2023, 10), (2024, 2)])
def test_the_input_comes_back_value_for_value(year, month):
    inputs, result = months.settled(year, month)
    assert_same(read_inputs(write_snapshot(inputs, result, months.snapshot_facts(inputs, result))), canonical(inputs))


def test_a_run_computed_again_from_its_snapshot_gives_the_same_result(files):
    _, result = months.settled()
    assert result_sha256(settle(read_inputs(files))) == result_sha256(result)


@st.composite
def communities(draw):
    """Small inputs with every odd value a column may meet: wide decimals, empty matrices, full range, no excess rule."""
    inputs, _ = months.settled(2023, 3)
    quarters = inputs.withdrawn_wh.shape[1]
    points = draw(st.permutations(range(len(inputs.points)))) if draw(st.booleans()) else ()
    injections = tuple(
        Injection(place, row.plant) for row in inputs.injections for place, old in enumerate(points) if old == row.point
    )
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    top = draw(st.sampled_from([1, 700, 10**6, 2**31 - 1]))
    decimal = st.decimals(min_value=0, max_value=10**6, places=draw(st.integers(0, 18)), allow_nan=False)
    return replace(
        inputs,
        points=tuple(replace(inputs.points[i], storage_efficiency=draw(st.none() | decimal)) for i in points),
        plants=tuple(replace(plant, power_kw=draw(decimal), grant_intensity=draw(decimal)) for plant in inputs.plants),
        injections=injections,
        withdrawn_wh=random.integers(0, top, (len(points), quarters), np.int32, endpoint=True),
        withdrawn_quality=random.integers(0, 6, (len(points), quarters), np.uint8),
        injected_wh=random.integers(-5, top, (len(injections), quarters), np.int32, endpoint=True),
        injected_quality=random.integers(0, 6, (len(injections), quarters), np.uint8),
        prices_ueur_per_mwh=random.integers(-(10**15), 10**15, inputs.prices_ueur_per_mwh.shape, np.int64),
        accepted_missing=draw(st.tuples(st.text(min_size=1)) | st.just(())),
        members=draw(st.just(()) | st.just(inputs.members)),
        distribution=replace(
            inputs.distribution,
            valid_from=draw(st.dates(date(1990, 1, 1), date(2100, 1, 1))),
            excess=draw(st.none() | st.just(inputs.distribution.excess)),
            premium=replace(inputs.distribution.premium, producers_percent=draw(decimal)),
        ),
        parameters=replace(
            inputs.parameters, trase_eur_per_mwh=draw(st.none() | decimal), existing_plants_in_cascade=draw(st.booleans())
        ),
        year_to_date=draw(st.just(()) | st.just(inputs.year_to_date)),
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(communities())
def test_any_input_comes_back_value_for_value(inputs):
    _, result = months.settled(2023, 3)
    assert_same(read_inputs(write_snapshot(inputs, result, months.snapshot_facts(inputs, result))), canonical(inputs))


def test_rows_in_another_order_give_the_same_bytes(files):
    inputs, result = months.settled()
    order = list(reversed(range(len(inputs.points))))
    place = {old: new for new, old in enumerate(order)}
    shuffled = replace(
        inputs,
        points=tuple(inputs.points[i] for i in order),
        injections=tuple(Injection(place[row.point], row.plant) for row in inputs.injections),
        withdrawn_wh=inputs.withdrawn_wh[order],
        withdrawn_quality=inputs.withdrawn_quality[order],
        members=tuple(reversed(inputs.members)),
    )
    assert write_snapshot(shuffled, result, months.snapshot_facts(inputs, result)) == files


def test_the_same_facts_give_the_same_bytes_in_another_process(files):
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1])\n"
        "from tests.reports import months\n"
        "from reports.snapshot_parquet import write_snapshot\n"
        "inputs, result = months.settled()\n"
        "files = write_snapshot(inputs, result, months.snapshot_facts(inputs, result))\n"
        "print(hashlib.sha256(b''.join(files[name] for name in sorted(files))).hexdigest())"
    )
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    environment |= {"PYTHONHASHSEED": "9", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], env=environment, cwd="/", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == sha256(b"".join(files[name] for name in sorted(files))).hexdigest()


def test_one_byte_changed_anywhere_is_refused(files):
    """Every file, the manifest included: bytes all over it, and the named file in the message."""
    random = np.random.default_rng(3)
    for name, content in files.items():
        places = {0, len(content) - 1, *random.integers(0, len(content), 12).tolist()}
        if name == MANIFEST:
            places = set(range(len(content)))
        for place in sorted(places):
            altered = bytearray(content)
            altered[place] ^= 1 << int(random.integers(0, 8))
            with pytest.raises(SnapshotAltered) as refusal:
                verify_files(files | {name: bytes(altered)})
            assert name in str(refusal.value) or "format" in str(refusal.value)
            with pytest.raises(SnapshotAltered):
                read_inputs(files | {name: bytes(altered)})
    assert verify_files(files)["run"] == 7  # the negative control: unaltered it passes


def test_a_file_more_or_less_is_refused(files):
    with pytest.raises(SnapshotAltered, match=r"inputs_points\.parquet .* was removed"):
        verify_files({name: content for name, content in files.items() if name != "inputs_points.parquet"})
    with pytest.raises(SnapshotAltered, match=r"extra\.txt .* was added"):
        verify_files(files | {"extra.txt": b""})
    with pytest.raises(SnapshotAltered, match=r"has no manifest\.json"):
        verify_files({})
    swapped = files | {"inputs_withdrawn.parquet": files["inputs_injected.parquet"]}
    with pytest.raises(SnapshotAltered, match=r"inputs_withdrawn\.parquet"):
        read_inputs(swapped)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"format": "x"}', b"[" * 100_000])
def test_a_manifest_that_is_none_is_refused(files, content):
    with pytest.raises(SnapshotAltered):
        verify_files(files | {MANIFEST: content})


def test_a_manifest_of_another_format_is_refused(files):
    from reports.snapshot_parquet import _manifest_bytes

    manifest = json.loads(files[MANIFEST])
    del manifest["manifest_sha256"]
    newer = _manifest_bytes(manifest | {"format": "cercollettiva-snapshot-2"})
    with pytest.raises(SnapshotAltered, match="snapshot-2"):
        verify_files(files | {MANIFEST: newer})


def test_the_manifest_tells_what_is_in_the_files(files):
    inputs, result = months.settled()
    manifest = json.loads(files[MANIFEST])
    assert manifest["inputs_sha256"] == inputs_sha256(inputs)
    assert manifest["result_sha256"] == result_sha256(result)
    assert (manifest["rules_version"], manifest["code_version"], manifest["month"]) == ("2024.1", "0.1.0", "2023-10")
    assert manifest["hours"] == 745
    assert manifest["missing_hours"] == 7
    assert Decimal(manifest["contributions_eur"]["premium_gross"]) * 100 == result.premium_gross_cents
    for name, facts in manifest["files"].items():
        assert facts["sha256"] == sha256(files[name]).hexdigest()
        assert facts["rows"] == table(files, name).num_rows
        assert facts["bytes"] == len(files[name])
    assert manifest["files"]["inputs_withdrawn.parquet"]["rows"] == len(inputs.points) * 4 * 745


def test_others_read_decimals_and_utc_instants(files):
    """With plain pyarrow and none of our code."""
    inputs, result = months.settled()
    withdrawn = table(files, "inputs_withdrawn.parquet")
    assert withdrawn.column_names == ["pod", "member", "starts_at", "withdrawn_kwh", "quality"]
    assert pa.types.is_decimal(withdrawn.schema.field("withdrawn_kwh").type)
    assert withdrawn.schema.field("withdrawn_kwh").type.scale == 3
    assert withdrawn.schema.field("starts_at").type == pa.timestamp("ms", tz="UTC")
    rows = withdrawn.slice(0, 4 * 745).to_pylist()
    assert rows[0]["pod"] == inputs.points[0].pod
    assert rows[0]["starts_at"].astimezone(UTC).isoformat() == "2023-09-30T22:00:00+00:00"
    assert sum(row["withdrawn_kwh"] for row in rows) * 1000 == int(inputs.withdrawn_wh[0].sum())
    missing = [row for row in withdrawn.to_pylist() if row["pod"] == "IT001E00000002" and row["quality"] == "missing"]
    assert len(missing) == int((inputs.withdrawn_quality[1] == Quality.MISSING).sum()) == 7

    hours = table(files, "results_hours.parquet")
    assert sum(row["shared_kwh"] for row in hours.to_pylist()) * 1000 == int(result.shared_wh.sum())
    taken = table(files, "results_plant_hours.parquet")
    assert sum(row["taken_kwh"] for row in taken.to_pylist()) * 1000 == int(result.taken_wh.sum())
    assert taken.num_rows == 745 * len(result.plants)
    members = table(files, "results_members.parquet").to_pylist()
    assert [int(row["total_eur"] * 100) for row in members] == [member.total_cents for member in result.members]
    lines = table(files, "results_lines.parquet").to_pylist()
    assert [int(row["amount_eur"] * 100) for row in lines] == [line.cents for line in result.lines]
    assert [int(row["weight"]) for row in lines] == [line.weight for line in result.lines]
    assert [row["percent"] for row in lines] == [line.percent for line in result.lines]
    plants = table(files, "results_plants.parquet").to_pylist()
    assert [int(row["premium_eur"] * 100) for row in plants] == [plant.premium_cents for plant in result.plants]
    prices = table(files, "inputs_prices.parquet").to_pylist()
    assert int(prices[0]["price_eur_per_mwh"] * 10**6) == int(inputs.prices_ueur_per_mwh[0, 0])


def test_energies_stand_as_integers_with_a_dictionary_and_instants_as_differences(files):
    """What keeps 30 million quarters small."""
    group = pq.ParquetFile(io.BytesIO(files["inputs_withdrawn.parquet"])).metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert columns["withdrawn_kwh"].physical_type == "INT32"
    assert any("DICTIONARY" in encoding for encoding in columns["withdrawn_kwh"].encodings)
    assert "DELTA_BINARY_PACKED" in columns["starts_at"].encodings
    assert all(column.compression == "ZSTD" for column in columns.values())
    injected = pq.ParquetFile(io.BytesIO(files["inputs_injected.parquet"])).metadata.row_group(0)
    for number in range(3):  # two plants behind one POD: the name stands twice among the curves, once in the dictionary
        assert any("DICTIONARY" in encoding for encoding in injected.column(number).encodings)


def test_a_big_month_is_written_in_groups(monkeypatch):
    monkeypatch.setattr(snapshot_quarters, "CURVES_PER_GROUP", 4)
    inputs, result = months.settled()
    files = write_snapshot(inputs, result, months.snapshot_facts(inputs, result))
    assert pq.ParquetFile(io.BytesIO(files["inputs_withdrawn.parquet"])).metadata.num_row_groups == 2
    assert_same(read_inputs(files), canonical(inputs))


def test_a_decimal_that_does_not_fit_is_an_error_not_a_rounding():
    with pytest.raises(pa.ArrowInvalid):
        exact_decimals([Decimal("0.1234567890123456789")])
    assert trimmed(Decimal("99.900000000000000000")) == Decimal("99.9")
    assert str(trimmed(Decimal("100.000"))) == "100"
    assert str(trimmed(Decimal("100"))) == "100"


def test_values_are_read_by_type_and_nothing_is_left_over():
    inputs, _ = months.settled()
    leaves = list(leaves_of(inputs.parameters))
    reader = LeafReader(leaves)
    assert reader.read(type(inputs.parameters)) == inputs.parameters
    reader.finish()
    with pytest.raises(SnapshotAltered, match="no decimal called price_reference_eur_per_mwh"):
        LeafReader([leaf for leaf in leaves if leaf.name != "price_reference_eur_per_mwh"]).read(type(inputs.parameters))
    reader = LeafReader([*leaves, Leaf("surcharge", "decimal", "1")])
    reader.read(type(inputs.parameters))
    with pytest.raises(SnapshotAltered, match="surcharge"):
        reader.finish()
    with pytest.raises(SnapshotAltered, match="has 3 values"):
        LeafReader([Leaf("pair", "items", "3")]).read(tuple[int, int], "pair")
    with pytest.raises(TypeError, match="cannot hold"):
        list(leaves_of(1.5, "share"))


def test_a_quality_without_a_name_is_refused():
    inputs, result = months.settled()
    odd = replace(inputs, withdrawn_quality=np.full_like(inputs.withdrawn_quality, 9))
    with pytest.raises(ValueError, match="quality of 9"):
        write_snapshot(odd, result, months.snapshot_facts(inputs, result))
