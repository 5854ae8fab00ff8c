"""Nobody sees what is not theirs, looking changes nothing, and who is not logged in gets a log-in."""

import re
from collections import Counter
from itertools import product

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.metering.models import MeasureImport
from tests.doors.backoffice.addresses import RUNS, at
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.pages import links
from tests.doors.backoffice.village import AS_OF, open_run

pytestmark = pytest.mark.django_db
TAILS = (
    "",
    "progress/",
    "retry/",
    "approve/",
    "issue/",
    "pay/",
    "correct/",
    "compare/1/",
    "compare/1/explain/",
    "documents/",
    "documents/progress/",
    "documents/statements.zip",
    "documents/1/",
)
MOST_VISITS = 4  # of one kind of page, with different objects and questions; filters multiply
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


def test_a_foreign_run_does_not_exist_whatever_is_asked(settled, village, as_user):
    stranger = as_user(village.stranger)
    before = fingerprint()
    for tail in TAILS:
        for method in METHODS:
            answers = [getattr(stranger, method)(at(number, tail)).status_code for number in (settled.pk, 987654)]
            assert answers == [404, 404], (method, tail)
    assert fingerprint() == before


def test_a_stranger_sees_nothing_in_lists_and_on_the_board(settled, village, as_user):
    stranger = as_user(village.stranger)
    for address in (RUNS, "/ceradmin/", f"{RUNS}?configuration__id__exact={village.configuration.pk}", f"{RUNS}new/"):
        page = stranger.get(address).content.decode()
        assert village.configuration.code not in page
        assert at(settled) not in page


def test_staff_without_a_role_sees_no_runs(settled):
    nobody = User.objects.create_user("nobody@example.org", "x", is_staff=True)
    client = Client()
    client.force_login(nobody, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(RUNS).status_code == 403
    assert client.get(at(settled)).status_code == 404


def test_who_is_not_logged_in_or_not_staff_is_sent_to_the_log_in(settled):
    member = User.objects.create_user("member@example.org", "x")
    logged_in = Client()
    logged_in.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    for client, method, tail in product((Client(), logged_in), ("get", "post"), TAILS):
        answer = getattr(client, method)(at(settled, tail))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/ceradmin/login/")


@pytest.mark.parametrize("role", ["anna", "carla", "superuser"])
def test_looking_at_everything_changes_nothing(settled, village, as_user, enqueued, role):
    """A crawl by GET through every address that any page offers."""
    settle(open_run(village, version=2))
    open_run(village, kind="final")
    MeasureImport.objects.create(file_name="x.csv", created_at=AS_OF, imported_by=village.anna)
    if role == "superuser":
        village.bruno.is_superuser = True
        village.bruno.save()
    client = as_user({"anna": village.anna, "carla": village.carla, "superuser": village.bruno}[role])
    before = fingerprint()
    seen, waiting = set(), ["/ceradmin/", at(settled)]
    visits: Counter[str] = Counter()
    while waiting:
        address = waiting.pop(0)
        kind = re.sub(r"\d+", "0", address.partition("?")[0])
        if address in seen or visits[kind] >= MOST_VISITS:
            continue
        seen.add(address)
        visits[kind] += 1
        answer = client.get(address)
        assert answer.status_code in (200, 286, 302, 403, 404, 410), (address, answer.status_code)
        if answer.get("Content-Type", "").startswith("text/html") and not answer.streaming:
            waiting += [normal(link, address) for link in links(answer) if is_ours(link)]
    assert at(settled) in seen
    assert len(seen) > 12
    assert fingerprint() == before
    assert enqueued == []


def is_ours(link: str) -> bool:
    return link.startswith(("/ceradmin/", "?")) and "logout" not in link


def normal(link: str, page: str) -> str:
    link = link.split("#")[0]
    return page.split("?")[0] + link if link.startswith("?") else link


def fingerprint() -> dict[str, object]:
    """Every row of every table; only sessions come and go."""
    sums: dict[str, object] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == "django_session":
                continue
            cursor.execute(f'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t')
            sums[table] = cursor.fetchone()
    return sums
