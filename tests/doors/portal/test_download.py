"""The statement that a member fetches is the one that was stored, or none."""

import hashlib
import logging
from datetime import date

import pytest
from django.db import connection

from apps.settlement.archive import locate
from tests.doors.portal.rows import make_member, make_month, make_statement, make_user


def test_the_bytes_are_those_that_were_stored(anna, as_user):
    answer = as_user(anna.user).get(f"/statements/{anna.document.pk}/")
    content = b"".join(answer.streaming_content)
    assert content == b"Anna"
    assert hashlib.sha256(content).hexdigest() == anna.document.sha256


def test_the_headers_keep_it_private_and_what_it_is(anna, as_user):
    headers = as_user(anna.user).get(f"/statements/{anna.document.pk}/").headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Length"] == "4"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Content-Disposition"] == 'attachment; filename="rendiconto-2023-03-cer-alba-b-anna.pdf"'


@pytest.mark.parametrize(
    ("kind", "version", "name"),
    [
        ("provisional", 1, "rendiconto-2023-12-cer-alba-a-m1.pdf"),
        ("provisional", 2, "rendiconto-2023-12-cer-alba-a-m1-v2.pdf"),
        ("final", 1, "rendiconto-2023-12-cer-alba-a-m1-definitivo.pdf"),
    ],
)
def test_the_name_of_the_file_says_which_one_it_is(configuration, as_user, kind, version, name):
    user = make_user("a@example.org")
    member = make_member(configuration, "M1", user)
    run = make_month(configuration, date(2023, 12, 1), [member], kind=kind, version=version)
    answer = as_user(user).get(f"/statements/{make_statement(run, member).pk}/")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


@pytest.mark.parametrize("harm", ["altered", "gone", "outside"])
def test_a_file_that_is_not_what_was_stored_is_never_handed_out(anna, as_user, caplog, harm):
    if harm == "altered":
        locate(anna.document.path).write_bytes(b"Anne")
    elif harm == "gone":
        locate(anna.document.path).unlink()
    else:
        with connection.cursor() as cursor:  # the database refuses this of a ready document, so its guard is taken away
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE invoicing_issueddocument DISABLE TRIGGER file_guard")
        anna.document.path = "../../../etc/passwd"
        anna.document.save()
    with caplog.at_level(logging.ERROR, logger="apps.portal.views"):
        answer = as_user(anna.user).get(f"/statements/{anna.document.pk}/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3600"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Stiamo ripristinando il documento" in answer.content.decode()
    assert "Content-Disposition" not in answer.headers
    assert [record.message for record in caplog.records if f"Statement {anna.document.pk} " in record.message]


def test_every_page_is_kept_by_no_cache(anna, as_user, client):
    for url in ["/start/", "/", *anna.urls]:
        assert client.get(url).headers["Cache-Control"] == "private, no-store"
        assert as_user(anna.user).get(url).headers["Cache-Control"] == "private, no-store"
