"""Uploaded files: previewed, imported, taken up again, never twice; how far they are can be seen meanwhile."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from apps.metering import operations
from apps.metering.kept_rejects import read_rejects, rejects_path
from apps.metering.models import DayCurve, MeasureImport, Source
from apps.metering.queries import get_import, get_last_import, list_forgotten_imports
from tasks import measures
from tests.apps.metering.rows import AS_OF, DAY, HEADER, A, B, quarter_rows, register_pods, stamp, stored_bytes

pytestmark = pytest.mark.django_db(transaction=True)
State = MeasureImport.State


@pytest.fixture(autouse=True)
def _pods():
    register_pods()


@pytest.fixture
def upload():
    """Open an import of these rows."""

    def open_one(rows, name="misure.csv") -> MeasureImport:
        content = "\n".join([HEADER, *rows, ""]).encode()
        chunks = [content[n : n + 100] for n in range(0, len(content), 100)]
        return operations.open_import(file_name=name, chunks=chunks, source=Source.OFFICIAL, imported_by=None, as_of=AS_OF)

    return open_one


def test_an_upload_is_kept_for_its_owner_only_and_nobody_has_looked_into_it(upload):
    found = upload(quarter_rows(A, DAY), name="../../etc/passwd")
    path = operations.import_path(found)
    assert (found.file_name, found.state, found.bytes_total) == ("passwd", State.UPLOADED, path.stat().st_size)
    assert path.is_relative_to(Path(settings.DATA_DIR) / "measures")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().splitlines() == [HEADER, *quarter_rows(A, DAY)]


def test_a_preview_says_what_the_file_would_do_and_writes_nothing(upload):
    found = upload([*quarter_rows(A, DAY), "kaputt"])
    measures.preview_file(found.pk)
    found.refresh_from_db()
    assert (found.state, found.rows_read, found.rows_new, found.rows_rejected) == (State.PREVIEWED, 97, 96, 1)
    assert found.bytes_done == found.bytes_total
    assert found.finished_at is None
    assert found.report["rejects"][0]["line"] == 98
    assert (found.report["pods"], found.report["first_day"], found.report["last_day"]) == (1, "2023-03-01", "2023-03-01")
    assert not DayCurve.objects.exists()


def test_late_rejects_stand_at_their_lines_in_the_full_list(upload):
    rows = [
        *quarter_rows(A, DAY),
        "kaputt",
        f"{A};{stamp(DAY, 3)};0;9",
        "kaputt",
        *quarter_rows(B, DAY)[:5],
        quarter_rows(B, DAY)[8],
        "kaputt",
    ]
    found = upload(rows)
    measures.preview_file(found.pk)
    found.refresh_from_db()
    assert [line for line, _reason in read_rejects(found)] == [
        98,
        99,
        100,
        105,
        106,
        107,
    ]  # that 105 and 106 are wrong is seen at the end of the file
    assert found.report["rejects"] == [{"line": line, "reason": reason} for line, reason in read_rejects(found)]
    before = rejects_path(found).read_bytes()
    measures.import_file(found.pk)
    assert rejects_path(found).read_bytes() == before


def test_a_file_without_rejects_leaves_no_list(upload):
    found = upload(quarter_rows(A, DAY))
    measures.preview_file(found.pk)
    assert not rejects_path(found).exists()
    assert [item.name for item in rejects_path(found).parent.glob(f".{rejects_path(found).stem}*")] == []


def test_an_import_stores_and_is_done(upload):
    found = upload(quarter_rows(A, DAY))
    measures.preview_file(found.pk)
    measures.import_file(found.pk)
    found.refresh_from_db()
    assert (found.state, found.rows_new, found.error) == (State.IMPORTED, 96, "")
    assert found.finished_at is not None
    assert len(found.file_sha256) == 64
    assert DayCurve.objects.count() == 2
    assert get_last_import() == found


@pytest.mark.parametrize("state", State.values)
def test_only_a_previewed_file_can_be_confirmed_and_only_once(upload, state):
    found = upload(quarter_rows(A, DAY))
    MeasureImport.objects.update(state=state)
    presses = [operations.confirm_import(import_id=found.pk) for _press in range(2)]
    assert presses == [state == State.PREVIEWED, False]
    assert get_import(found.pk).state == (State.IMPORTING if state == State.PREVIEWED else state)


def test_a_message_that_comes_twice_does_nothing_the_second_time(upload):
    found = upload(quarter_rows(A, DAY))
    measures.import_file(found.pk)
    done, before = get_import(found.pk).finished_at, stored_bytes()
    measures.import_file(found.pk)
    measures.preview_file(found.pk)
    assert get_import(found.pk).finished_at == done
    assert get_import(found.pk).rows_new == 96
    assert stored_bytes() == before


def test_an_import_whose_worker_died_is_taken_up_again(upload):
    found = upload(quarter_rows(A, DAY))
    MeasureImport.objects.update(state=State.IMPORTING, attempts=1)
    measures.import_file(found.pk)
    assert get_import(found.pk).state == State.IMPORTED


def test_an_import_that_kills_its_workers_is_given_up(upload):
    found = upload(quarter_rows(A, DAY))
    MeasureImport.objects.update(state=State.IMPORTING, attempts=operations.MAX_ATTEMPTS)
    measures.import_file(found.pk)
    found.refresh_from_db()
    assert found.state == State.REFUSED
    assert found.error
    assert not DayCurve.objects.exists()


def test_two_workers_never_import_the_same_file_at_once(upload):
    found = upload(quarter_rows(A, DAY))
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [operations.IMPORT_LOCK, found.pk])
        measures.import_file(found.pk)
        assert get_import(found.pk).state == State.UPLOADED
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [operations.IMPORT_LOCK, found.pk])
    finally:
        other.close()
    measures.import_file(found.pk)
    assert get_import(found.pk).state == State.IMPORTED


@pytest.mark.parametrize("task", [measures.preview_file, measures.import_file])
def test_a_file_that_is_no_file_of_measures_is_refused_with_the_reason(upload, task):
    found = operations.open_import(
        file_name="x.xlsx", chunks=[b"PK\x03\x04", bytes(50)], source=Source.MANUAL, imported_by=None, as_of=AS_OF
    )
    task(found.pk)
    found.refresh_from_db()
    assert found.state == State.REFUSED
    assert "UTF-8" in found.error
    assert not DayCurve.objects.exists()


def test_a_file_that_is_gone_is_refused(upload):
    found = upload(quarter_rows(A, DAY))
    operations.import_path(found).unlink()
    measures.import_file(found.pk)
    assert get_import(found.pk).state == State.REFUSED


def test_a_fault_of_ours_is_noted_raised_and_writes_nothing(upload, monkeypatch):
    found = upload(quarter_rows(A, DAY))
    monkeypatch.setattr(operations, "finish_import", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        measures.import_file(found.pk)
    assert get_import(found.pk).state == State.REFUSED
    assert "ZeroDivisionError" in get_import(found.pk).error
    assert not DayCurve.objects.exists()


def test_progress_is_seen_while_the_import_is_not_over(upload, monkeypatch):
    from apps.metering.measures_file import blocks

    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1000)
    found = upload([*quarter_rows(A, DAY), *quarter_rows(B, DAY)])
    seen = []
    report = operations.report_progress.__call__

    def look(self, bytes_done):
        report(self, bytes_done)
        watcher = connections.create_connection("default")
        with watcher.cursor() as cursor:
            cursor.execute("SELECT bytes_done FROM metering_measureimport WHERE id = %s", [found.pk])
            seen.append(cursor.fetchone()[0])
        watcher.close()

    monkeypatch.setattr(operations.report_progress, "__call__", look)
    measures.import_file(found.pk)
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert seen[-1] > 0.9 * found.bytes_total


def test_forgotten_imports_are_woken(upload, monkeypatch):
    woken = []
    monkeypatch.setattr(measures.preview_file, "delay", lambda number: woken.append(("preview", number)))
    monkeypatch.setattr(measures.import_file, "delay", lambda number: woken.append(("import", number)))
    waiting, dead, done, young = (upload(quarter_rows(A, DAY)) for _ in range(4))
    MeasureImport.objects.filter(pk=dead.pk).update(state=State.IMPORTING)
    MeasureImport.objects.filter(pk=done.pk).update(state=State.IMPORTED)
    MeasureImport.objects.filter(pk=young.pk).update(created_at=timezone.now())
    measures.resume_imports()
    assert woken == [("preview", waiting.pk), ("import", dead.pk)]
    assert len(list_forgotten_imports(before=timezone.now() + timedelta(days=1))) == 3
