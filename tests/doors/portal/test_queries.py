"""A page asks the database a dozen times at most, and no oftener when the history is long."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.doors.portal.rows import make_configuration, make_member, make_month, make_statement, make_user, result_of

MOST = 12


@pytest.fixture
def history(configuration, as_user):
    """Makes a member with a number of approved months; returns a function that counts the questions of a page."""

    def make(months: int):
        user = make_user(f"m{months}@example.org")
        member = make_member(configuration, f"M{months}", user)
        where = make_configuration("CER-ALBA")
        runs = [make_month(where, date(2010 + i // 12, i % 12 + 1, 1), [member]) for i in range(months)]
        documents = [make_statement(run, member) for run in runs]
        client = as_user(user)

        def count(url: str) -> int:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            return len(queries)

        return {
            "year": count(f"/members/{member.pk}/"),
            "month": count(f"/months/{result_of(runs[-1], member).pk}/"),
            "statement": count(f"/statements/{documents[-1].pk}/"),
        }

    return make


def test_a_page_asks_a_dozen_times_at_most(history):
    counts = history(12)
    assert max(counts.values()) <= MOST, counts


def test_a_long_history_asks_no_more(history):
    assert history(1) == history(5) == history(60)


def test_the_choice_between_communities_asks_once_for_all(as_user, db):
    user = make_user("a@example.org")
    for number in range(5):
        make_member(make_configuration(f"CER-{number}"), "A", user)
    client = as_user(user)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/").status_code == 200
    assert len(queries) <= 4


def test_neither_secrets_nor_pictures_are_read_for_a_list(anna, as_user):
    client = as_user(anna.user)
    for url in anna.urls:
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        for column in ("tax_code", "iban", "logo", "frozen"):
            assert not [query["sql"] for query in queries if f'"{column}"' in query["sql"]], (url, column)
