"""What the tests of the backoffice share: a village with everything that a run needs, and people logged in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.settlement.models import SettlementRun
from tasks.settlement import settle_month
from tests.doors.backoffice.village import Village, make_ready_village, open_run


@pytest.fixture(autouse=True)
def _quick_settings(settings: Any, tmp_path: Any) -> None:
    """Whitenoise warns about a folder that only `collectstatic` makes; strong hashes of passwords take half a second each."""
    settings.STATIC_ROOT = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def village(db: None) -> Village:
    """A village whose February can be settled."""
    return make_ready_village()


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    """A browser in which this person is logged in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


@pytest.fixture
def anna(village: Village, as_user: Callable[[User], Client]) -> Client:
    return as_user(village.anna)


@pytest.fixture
def bruno(village: Village, as_user: Callable[[User], Client]) -> Client:
    return as_user(village.bruno)


@pytest.fixture
def settled(village: Village) -> SettlementRun:
    """Anna's run of February, computed."""
    return settle(open_run(village))


def settle(run: SettlementRun) -> SettlementRun:
    settle_month.apply(args=(run.pk,), throw=True)
    run.refresh_from_db()
    return run


@pytest.fixture
def enqueued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """What would have been sent to the queue: (task, arguments). Nothing is sent."""
    sent: list[tuple[str, tuple[Any, ...]]] = []

    def note(task: Any, *args: Any, **options: Any) -> None:
        sent.append((task.name, args))

    monkeypatch.setattr("celery.app.task.Task.delay", note)
    return sent
