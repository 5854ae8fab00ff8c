"""`import_measures` as other people's scripts hold on to it: the object, the exit codes, where sentences go."""

import hashlib
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.metering.models import DayCurve, Source
from tests.apps.metering.rows import DAY, HEADER, A, hour_rows, quarter_rows, stamp

pytestmark = pytest.mark.usefixtures("pods")


@pytest.fixture
def command(capsys):
    """Run the command; give its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = 0
        try:
            call_command("import_measures", *map(str, arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


def test_json_prints_one_object_and_nothing_else(command, write_file):
    path = write_file([*quarter_rows(A, DAY), "kaputt"])
    code, out, err = command(path, "--json")
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert json.loads(out) == {
        "file": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "read": 97,
        "new": 96,
        "changed": 0,
        "unchanged": 0,
        "rejected": 1,
        "rejects": [
            {
                "line": 98,
                "reason": "The line has another number of fields than the header: 1. Write one field per column.",
            }
        ],
        "pods": 1,
        "first_day": "2023-03-01",
        "last_day": "2023-03-01",
    }


def test_a_person_reads_counts_and_rejects(command, write_file):
    code, out, _err = command(write_file([*hour_rows(A, DAY), *["kaputt"] * 102]))
    assert code == 0
    assert "read 126, new 24, changed 0, unchanged 0, rejected 102" in out
    assert "1 PODs, 2023-03-01 to 2023-03-01" in out
    assert "line 26: The line has another number of fields" in out
    assert "and 2 more: --rejects FILE lists them all" in out


def test_the_source_is_official_unless_said_otherwise(command, write_file):
    path = write_file(hour_rows(A, DAY))
    command(path)
    assert set(DayCurve.objects.values_list("source", flat=True)) == {Source.OFFICIAL}
    command(path, "--source", "manual")
    assert set(DayCurve.objects.values_list("source", flat=True)) == {Source.OFFICIAL, Source.MANUAL}


def test_all_rejects_go_to_a_file_by_line(command, write_file, tmp_path):
    mixed = quarter_rows(A, DAY)[:8] + [f"{A};{stamp(DAY, slot)};;1" for slot in (40, 44)]
    path = write_file([*mixed, *["kaputt"] * 150])
    listing = tmp_path / "rejects.csv"
    assert command(path, "--rejects", listing)[0] == 0
    lines = listing.read_text(encoding="utf-8").splitlines()
    assert [int(line.split(";")[0]) for line in lines] == list(range(10, 162))
    assert lines[0].startswith(f"10;{A} 2023-03-01 10:00+01:00: the day has quarters of an hour")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_refusal_says_why_on_standard_error_and_writes_nothing(command, tmp_path, options):
    path = tmp_path / "prices.csv"
    path.write_text("starts_at;zone;price_eur_per_mwh\n")
    code, out, err = command(path, *options)
    assert (code, out) == (1, "")
    assert err.startswith(f"{path}: The first line is not the header of a file of measures: pod, injected_kwh")
    assert err.count("\n") == 1
    assert not DayCurve.objects.exists()


def test_a_file_that_is_not_there_is_wrong_usage_and_leaves_no_list_behind(tmp_path):
    file, rejects = tmp_path / "none.csv", tmp_path / "rejects.csv"
    with pytest.raises(CommandError) as error:
        call_command("import_measures", str(file), "--rejects", str(rejects))
    assert str(error.value) == f"{file} cannot be read: No such file or directory. Check the path."
    assert error.value.returncode == 2
    assert not rejects.exists()


def test_a_rejects_file_that_cannot_be_written_is_refused_before_anything_is(command, write_file, tmp_path):
    code, _out, err = command(write_file(hour_rows(A, DAY)), "--rejects", tmp_path / "none" / "rejects.csv")
    assert code == 1
    assert "rejects.csv cannot be opened" in err
    assert not DayCurve.objects.exists()


def test_wrong_usage_is_another_thing(tmp_path):
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("import_measures", str(tmp_path / "m.csv"), "--source", "device")


def test_the_example_of_the_interface_is_taken(command, tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(f"{HEADER}\nIT001E00000001;2023-03-01T00:00:00+01:00;0.000;0.125\n")
    assert json.loads(command(path, "--json")[1])["new"] == 1
