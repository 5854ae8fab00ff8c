"""`import_community`: what it prints, where, and with which exit code."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.apps.communities.samples import Document, look, make_document

pytestmark = pytest.mark.django_db


def run(path: Path, document: Document | None = None, *options: str) -> tuple[str, str, int]:
    if document is not None:
        path.write_text(json.dumps(document), encoding="utf-8")
    out, err = StringIO(), StringIO()
    try:
        call_command("import_community", str(path), *options, stdout=out, stderr=err)
    except SystemExit as end:
        return out.getvalue(), err.getvalue(), int(end.code or 0)
    return out.getvalue(), err.getvalue(), 0


def test_json_is_one_object_with_the_counts(tmp_path: Path) -> None:
    out, err, code = run(tmp_path / "c.json", make_document(), "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert answer.keys() == {"community", "created", "updated", "unchanged", "warnings"}
    assert (answer["community"], answer["created"]["members"], answer["warnings"]) == ("CER-UNO", 3, [])


def test_a_person_reads_that_nothing_changed(tmp_path: Path) -> None:
    run(tmp_path / "c.json", make_document())
    out, _, code = run(tmp_path / "c.json")
    assert code == 0
    assert out.startswith("CER-UNO: nothing changed\n")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_refusal_prints_every_fault_on_its_line_and_exits_with_1(tmp_path: Path, options: tuple[str, ...]) -> None:
    document = make_document()
    document["metering_points"][1]["pod"] = "X"
    document["foo"] = 1
    before = look()
    out, err, code = run(tmp_path / "c.json", document, *options)
    assert (out, code) == ("", 1)
    assert [line.split(":")[0] for line in err.splitlines()] == ["foo", "metering_points[1].pod"]
    assert look() == before


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file or directory") as error:
        call_command("import_community", str(tmp_path / "none.json"))
    assert error.value.returncode == 2
