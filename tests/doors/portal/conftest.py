"""A small world: two communities, members with and without a log-in, a year of approved months."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import translation

from apps.accounts.models import User
from apps.communities.models import Configuration, Member
from apps.invoicing.models import IssuedDocument
from apps.settlement.models import MemberResult, SettlementRun
from tests.doors.portal.rows import make_configuration, make_member, make_month, make_statement, make_user, result_of

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """That nobody collected static files is right in a test."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:No directory at:UserWarning"))


@pytest.fixture(autouse=True)
def _own_cache(settings):
    """Rate limits are counted in the real Redis, under a name of this test alone."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid4().hex}}


@pytest.fixture(autouse=True)
def _italian() -> Iterator[None]:
    """A request leaves its language active in the thread; the next test starts in Italian again."""
    with translation.override("it"):
        yield


@dataclass
class Person:
    """A member with a log-in, one approved month and its statement."""

    user: User
    member: Member
    run: SettlementRun
    result: MemberResult
    document: IssuedDocument

    @property
    def urls(self) -> list[str]:
        """Every address of the portal that names something of this person."""
        year = self.run.month.year
        return [
            f"/members/{self.member.pk}/",
            f"/members/{self.member.pk}/{year}/",
            f"/months/{self.result.pk}/",
            f"/statements/{self.document.pk}/",
        ]


@pytest.fixture
def configuration(db) -> Configuration:
    return make_configuration()


@pytest.fixture
def make_person(configuration: Configuration) -> Callable[..., Person]:
    """Makes a person of the first community, in a run of their own unless `run` is given."""

    def make(name: str, *, run_of: Configuration | None = None, month: date = date(2023, 3, 1), **fields: object) -> Person:
        where = run_of or make_configuration(configuration.community.code)
        user = make_user(f"{name.lower()}@example.org", name=name, **fields)
        member = make_member(where, name.upper(), user, name=name)
        run = make_month(where, month, [member])
        return Person(user, member, run, result_of(run, member), make_statement(run, member, content=name.encode()))

    return make


@pytest.fixture
def anna(make_person: Callable[..., Person]) -> Person:
    return make_person("Anna")


@pytest.fixture
def bruno(make_person: Callable[..., Person]) -> Person:
    return make_person("Bruno")


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    """A browser in which this user has logged in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in
