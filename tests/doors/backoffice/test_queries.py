"""The list of runs asks the database a dozen times at most, however many entries of the menu ask who may see what."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.backoffice.access import manages_any_community, sees_any_community
from tests.doors.backoffice.addresses import RUNS
from tests.doors.backoffice.village import Village, open_run

pytestmark = pytest.mark.django_db
MOST = 12


@pytest.mark.parametrize("is_superuser", [False, True])
def test_the_list_of_runs_asks_a_dozen_times_at_most(
    village: Village, as_user: Callable[[User], Client], *, is_superuser: bool
) -> None:
    open_run(village)
    User.objects.filter(pk=village.anna.pk).update(is_superuser=is_superuser)
    client = as_user(village.anna)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(RUNS).status_code == 200
    assert len(queries) <= MOST, [query["sql"] for query in queries]


def test_who_may_see_anything_is_asked_once_a_request_and_again_by_the_next(village: Village) -> None:
    first, second = RequestFactory().get(RUNS), RequestFactory().get(RUNS)
    first.user = second.user = village.anna
    with CaptureQueriesContext(connection) as queries:
        assert [sees_any_community(first) for _ in range(3)] == [True] * 3
        assert [manages_any_community(first) for _ in range(3)] == [True] * 3
    assert len(queries) == 2
    village.anna.roles.all().delete()
    assert not sees_any_community(second)
    assert not manages_any_community(second)
