"""A crawl by GET, as a member and as staff, asks the database and tells it nothing."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.doors.portal.rows import make_user

WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|TRUNCATE|ALTER|CREATE|DROP)\b", re.IGNORECASE)
# allauth makes a second factor's secret ready in the session when somebody looks at the page that offers it
SESSION = re.compile(r'"django_session"')


def crawl(client, start: str, allowed: str) -> tuple[set[str], list[str]]:
    """Follow every link of our own from `start`; the addresses seen and the statements that write."""
    waiting, seen, writes = [start], set[str](), []
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = client.get(url, follow=True)
        assert answer.status_code in {200, 404}, url
        writes += [
            f"{url}: {query['sql']}" for query in queries if WRITES.search(query["sql"]) and not SESSION.search(query["sql"])
        ]
        if "text/html" in answer.headers["Content-Type"]:
            found = re.findall(r'href="([^"#?]+)', answer.content.decode())
            waiting += [link for link in found if re.match(allowed, link)]
    return seen, writes


def test_a_members_crawl_writes_nothing(anna, as_user):
    seen, writes = crawl(as_user(anna.user), "/", r"/(?!static/|ceradmin/)")
    assert set(anna.urls) <= seen | {anna.urls[0]}
    assert writes == []


def test_opening_everything_of_another_writes_nothing(anna, bruno, as_user):
    client = as_user(anna.user)
    for url in bruno.urls:
        assert crawl(client, url, "nothing")[1] == []


@pytest.mark.parametrize("staff", [False, True])
def test_the_pages_around_the_log_in_write_nothing(db, as_user, client, staff):
    visitor = as_user(make_user("capo@example.org", is_staff=True)) if staff else client
    assert crawl(visitor, "/account/login/", r"/account/")[1] == []
