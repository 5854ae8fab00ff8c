"""A superuser who posts whatever comes to mind to every page of the admin site changes nothing of an issued run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import URLPattern

from apps.accounts.models import User
from apps.invoicing.issue_operations import issue_if_complete
from apps.invoicing.models import IssuedDocument
from apps.settlement import operations
from apps.settlement.models import SettlementRun
from tests.apps.settlement.frozen import MODELS
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.test_run_documents import make_document
from tests.doors.backoffice.village import AS_OF, PASSWORD, Village, open_run

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ADMIN = "/ceradmin/"
HOSTILE = {
    "post": "yes",
    "confirm": "on",
    "state": "draft",
    "cents": "1",
    "amount_cents": "1",
    "premium_cents": "1",
    "approved_by": "",
    "seen_sha256": "0" * 64,
    "seen_sequence": "0",
    "note": "x",
    "_save": "1",
}


@pytest.fixture
def issued(village: Village) -> SettlementRun:
    run = settle(open_run(village))
    operations.approve_run(run_id=run.pk, approved_by=village.bruno, seen_sha256=run.result_sha256, as_of=AS_OF)
    make_document(run, content=b"xlsx")
    assert issue_if_complete(run_id=run.pk, as_of=AS_OF)
    return SettlementRun.objects.get(pk=run.pk)


@pytest.fixture
def root(as_user: Callable[[User], Client]) -> Client:
    client = as_user(User.objects.create_superuser("root@example.org", PASSWORD))
    client.raise_request_exception = False
    return client


def frozen() -> list[set[tuple[str, ...]]]:
    """Every row of every table that hangs on runs, documents included."""
    return [{tuple(map(repr, map(_plain, row))) for row in model.objects.values_list()} for model in (*MODELS, IssuedDocument)]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _kept(before: list[set[tuple[str, ...]]]) -> bool:
    """Every row is still there as it was; others may have come."""
    return all(old <= new for old, new in zip(before, frozen(), strict=True))


def _pages(model: Any, own: Any, run: SettlementRun) -> Iterator[str]:
    """The addresses of a model's pages for each of its rows, whatever they are called."""
    base = f"{ADMIN}{model._meta.app_label}/{model._meta.model_name}/"
    document = IssuedDocument.objects.get()
    patterns = [str(found.pattern) for found in own.get_urls() if isinstance(found, URLPattern)]
    patterns += ["<path:object_id>/change/", "<path:object_id>/delete/", "add/", ""]
    for row in model.objects.order_by("pk")[:3]:
        for pattern in patterns:
            address = pattern
            for name, value in (("other_id", run.pk), ("document_id", document.pk), ("member_id", 1)):
                address = address.replace(f"<int:{name}>", str(value))
            while "<" in address:
                head, _, tail = address.partition("<")
                address = f"{head}{row.pk}{tail.partition('>')[2]}"
            yield base + address


def test_nothing_that_a_superuser_posts_changes_an_issued_run(issued: SettlementRun, root: Client, enqueued: list[Any]) -> None:
    before = frozen()
    assert all(before[:4]), "there is something to be lost"
    attempts = 0
    registry: dict[Any, Any] = admin.site._registry
    for model, own in registry.items():
        base = f"{ADMIN}{model._meta.app_label}/{model._meta.model_name}/"
        everybody = [str(pk) for pk in model.objects.values_list("pk", flat=True)]
        for action in ("delete_selected", *(own.actions or ())):
            root.post(base, HOSTILE | {"action": action, "_selected_action": everybody, "select_across": "1"})
            attempts += 1
            assert _kept(before), (base, action)
        for address in dict.fromkeys(_pages(model, own, issued)):
            root.post(address, HOSTILE)
            attempts += 1
            assert _kept(before), address
    assert attempts > 100
    before[1].add(("an entry that is gone",))
    assert not _kept(before), "the comparison sees what is missing"


def test_no_admin_of_the_money_lets_anybody_change_or_delete(issued: SettlementRun, root: Client, rf: Any) -> None:
    request = rf.get("/")
    request.user = User.objects.get(email="root@example.org")
    for model in (*MODELS, IssuedDocument):
        own = admin.site._registry.get(model)
        if own is not None:
            row = model.objects.order_by("pk")[0]
            assert not own.has_change_permission(request, row)
            assert not own.has_delete_permission(request, row)
            with pytest.raises(PermissionDenied):
                own.delete_view(request, str(row.pk))
