"""Documents in the admin: news while workers render, downloads that nobody else gets, one archive of all."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from apps.communities.models import Member
from apps.invoicing.models import IssuedDocument
from apps.settlement.archive import locate, store_file
from apps.settlement.models import SettlementRun
from tests.doors.backoffice.addresses import at
from tests.doors.backoffice.pages import words

pytestmark = pytest.mark.django_db
RENDERED_AT = datetime(2023, 3, 3, tzinfo=UTC)


@pytest.fixture
def approved(settled, village):
    SettlementRun.objects.filter(pk=settled.pk).update(
        state="approved", approved_by=village.bruno, approved_at=RENDERED_AT, approved_sha256=settled.result_sha256
    )
    settled.refresh_from_db()
    return settled


def make_document(run, member="", *, content=b"", state="ready", error=""):
    kind = "statement" if member else "workbook"
    document = IssuedDocument.objects.create(
        run=run,
        kind=kind,
        member=Member.objects.get(code=member, community=run.configuration.community) if member else None,
        reference=f'2023/02 "{member or kind}"\r\n {run.pk}',
        created_at=RENDERED_AT,
        state="failed" if error else "pending",
        error=error,
    )
    if state == "ready" and not error:
        path = f"documents/test/{run.pk}/{document.pk}.{'pdf' if member else 'xlsx'}"
        document.path, document.sha256 = path, store_file(path, content)
        document.size_bytes, document.state, document.rendered_at = len(content), "ready", RENDERED_AT
        document.save()
    return document


def test_before_the_approval_there_are_none(settled, anna):
    assert "I documenti si preparano dopo l’approvazione." in words(anna.get(at(settled, "documents/")))
    assert anna.get(at(settled, "documents/progress/")).status_code == 286
    assert anna.get(at(settled, "documents/statements.zip")).status_code == 404


def test_while_something_waits_the_list_asks_again(approved, anna):
    address = at(approved, "documents/progress/")
    assert f'hx-get="{address}?page=1"' in anna.get(at(approved, "documents/")).content.decode()
    make_document(approved, "M1", content=b"%PDF")
    waiting = make_document(approved, "M2", state="pending")
    news = anna.get(address)
    assert news.status_code == 200
    assert "In preparazione. Pronti: 1 su 2." in words(news)
    IssuedDocument.objects.filter(pk=waiting.pk).update(state="failed", error="Pango is missing.")
    news = anna.get(address)
    assert news.status_code == 286
    assert "hx-get" not in news.content.decode()
    assert "Pronti: 1 su 2. Non riusciti: 1." in words(news)
    assert "Pango is missing." in words(news)


def test_a_download_is_an_attachment_with_a_harmless_name(approved, anna):
    document = make_document(approved, content=b"=1+1")
    answer = anna.get(at(approved, f"documents/{document.pk}/"))
    assert answer.status_code == 200
    assert answer.content == b"=1+1"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'attachment; filename="2023-02--workbook----{approved.pk}.xlsx"'
    assert "no-store" in answer["Cache-Control"]


def test_a_file_that_was_changed_is_not_handed_out(approved, anna):
    document = make_document(approved, "M1", content=b"%PDF")
    locate(document.path).write_bytes(b"%PDF!")
    answer = anna.get(at(approved, f"documents/{document.pk}/"))
    assert answer.status_code == 410
    assert "Il file non è più quello prodotto" in words(answer)


def test_a_document_of_another_run_or_not_ready_is_not_found(approved, anna, village):
    waiting = make_document(approved, "M1", state="pending")
    assert anna.get(at(approved, f"documents/{waiting.pk}/")).status_code == 404
    other = SettlementRun.objects.create(
        configuration=village.configuration, month="2023-02-01", kind="final", version=1, opened_at=RENDERED_AT
    )
    ready = make_document(approved, "M2", content=b"%PDF")
    assert anna.get(at(other, f"documents/{ready.pk}/")).status_code == 404


def test_all_statements_come_in_one_archive(approved, anna):
    make_document(approved, "M1", content=b"%PDF one")
    make_document(approved, "M2", content=b"%PDF two")
    make_document(approved, content=b"workbook")
    answer = anna.get(at(approved, "documents/statements.zip"))
    assert answer["Content-Disposition"] == 'attachment; filename="rendiconti-CER-V-A-2023-02.zip"'
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        assert [archive.read(name) for name in archive.namelist()] == [b"%PDF one", b"%PDF two"]
        assert all(name.endswith(".pdf") and "/" not in name for name in archive.namelist())


def test_the_list_does_not_read_the_frozen_content(approved, anna, django_assert_max_num_queries):
    for member in ("M1", "M2", "M3"):
        make_document(approved, member, content=member.encode())
    with django_assert_max_num_queries(8) as queries:
        anna.get(at(approved, "documents/progress/"))
    assert not any('"frozen"' in query["sql"] for query in queries.captured_queries)
