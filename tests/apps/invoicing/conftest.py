"""What the tests of documents share: a village settled and approved."""

from datetime import timedelta

import pytest

from apps.settlement.models import SettlementRun
from tasks.settlement import settle_month
from tests.doors.backoffice.village import AS_OF, Village, make_ready_village


@pytest.fixture
def village(db: None) -> Village:
    """A village whose February can be settled."""
    return make_ready_village()


def settle(run: SettlementRun) -> SettlementRun:
    settle_month.apply(args=(run.pk,), throw=True)
    run.refresh_from_db()
    return run


def approve(run: SettlementRun, village: Village) -> SettlementRun:
    at = AS_OF + timedelta(days=run.pk)
    SettlementRun.objects.filter(pk=run.pk).update(
        state="approved", approved_by=village.bruno, approved_at=at, approved_sha256=run.result_sha256
    )
    run.refresh_from_db()
    return run
