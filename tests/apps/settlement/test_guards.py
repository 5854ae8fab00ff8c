"""The database says no, whoever asks: ORM, admin or raw SQL."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from apps.settlement.models import ContributionTotal, LedgerEntry, SettlementRun
from tests.apps.settlement.rows import AS_OF, make_computed_run, make_configuration, make_user

pytestmark = pytest.mark.django_db
REFUSED = (IntegrityError, InternalError)


def _close() -> None:
    """Run the deferred checks now, as a commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_entries_that_sum_to_the_contribution_are_accepted() -> None:
    make_computed_run(make_configuration())
    _close()


@pytest.mark.parametrize(
    "change",
    [
        lambda run: LedgerEntry.objects.filter(run=run, position=1).update(cents=401),
        lambda run: LedgerEntry.objects.filter(run=run, position=1).delete(),
        lambda run: LedgerEntry.objects.create(
            run=run, position=9, contribution="premium", block="deduction", account="x", cents=1, block_cents=1
        ),
        lambda run: ContributionTotal.objects.filter(run=run).update(amount_cents=999),
    ],
    ids=["changed", "deleted", "added", "total"],
)
def test_a_cent_too_much_or_too_little_is_refused_at_commit(change) -> None:
    run = make_computed_run(make_configuration())
    with pytest.raises(REFUSED, match="sum to"), transaction.atomic():
        change(run)
        _close()
    assert sum(LedgerEntry.objects.filter(run=run).values_list("cents", flat=True)) == 1000


def test_entries_without_a_contribution_are_refused() -> None:
    run = make_computed_run(make_configuration())
    with pytest.raises(REFUSED, match="no contribution"), transaction.atomic():
        LedgerEntry.objects.create(
            run=run, position=9, contribution="excess", block="social_fund", account="social_fund", cents=1, block_cents=1
        )


def test_who_computed_may_not_approve_even_behind_the_operations() -> None:
    anna = make_user("anna")
    run = make_computed_run(make_configuration(), computed_by=anna)
    with pytest.raises(IntegrityError, match="run_two_different_people"), transaction.atomic():
        SettlementRun.objects.filter(pk=run.pk).update(
            state="approved", approved_by=anna, approved_at=AS_OF, approved_sha256="2" * 64
        )


@pytest.mark.parametrize("target", ["approved", "issued", "paid", "computing", "reversed"])
def test_states_cannot_be_skipped(target: str) -> None:
    run = make_computed_run(make_configuration())
    SettlementRun.objects.filter(pk=run.pk).update(state="parked")
    with pytest.raises(REFUSED), transaction.atomic():
        SettlementRun.objects.filter(pk=run.pk).update(state=target)
