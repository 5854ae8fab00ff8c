"""What a statement freezes: facts of its own member and of nobody else."""

import json
from datetime import date
from typing import Any

import pytest

from apps.communities.models import Member, MeteringPoint
from apps.invoicing.models import IssuedDocument
from apps.invoicing.operations import freeze_documents
from apps.metering.models import DayCurve
from apps.settlement.models import PointResult, SettlementRun
from tests.apps.invoicing.conftest import approve, settle
from tests.doors.backoffice.village import AS_OF, Village, open_run

pytestmark = pytest.mark.django_db
HANDED_OVER_ON = date(2023, 2, 11)


def frozen(run: SettlementRun) -> dict[str, dict[str, Any]]:
    """What the statements of a run say, by member code."""
    freeze_documents(run_id=run.pk, as_of=AS_OF)
    rows = IssuedDocument.objects.filter(run=run, kind="statement").select_related("member")
    return {row.member.code: json.loads(row.frozen) for row in rows if row.member}


@pytest.fixture
def handed_over(village: Village) -> Village:
    """The last POD passes from M3 to M2 on the 11th; a day is missing before, two days after."""
    point = MeteringPoint.objects.get(pod=village.pods[2])
    MeteringPoint.objects.filter(pk=point.pk).update(valid_to=HANDED_OVER_ON)
    heir = Member.objects.get(code="M2", community=village.configuration.community)
    MeteringPoint.objects.create(
        pod=point.pod, configuration=village.configuration, member=heir, valid_from=HANDED_OVER_ON, valid_to=date(2023, 2, 25)
    )
    DayCurve.objects.filter(pod_key=point.pod_key, day__in=["2023-02-05", "2023-02-20", "2023-02-21", "2023-02-26"]).delete()
    return village


def test_each_holder_of_a_point_is_told_only_the_hours_missing_while_it_was_theirs(handed_over: Village) -> None:
    run = approve(settle(open_run(handed_over)), handed_over)
    pod = handed_over.pods[2]
    said = {code: statement["missing"] for code, statement in frozen(run).items()}
    assert said == {"M1": [], "M2": [{"pod": pod, "hours": 48}], "M3": [{"pod": pod, "hours": 24}]}
    assert run.missing == [[pod, 72]]
    assert {statement["configuration_missing_hours"] for statement in frozen(run).values()} == {72}
    rows = PointResult.objects.filter(run=run, pod=pod).order_by("valid_from").values_list("missing_hours", flat=True)
    assert list(rows) == [24, 48]


def test_two_spells_of_one_holder_are_one_sentence(handed_over: Village) -> None:
    MeteringPoint.objects.filter(pod=handed_over.pods[2]).update(member=Member.objects.get(code="M3"))
    run = approve(settle(open_run(handed_over)), handed_over)
    assert frozen(run)["M3"]["missing"] == [{"pod": handed_over.pods[2], "hours": 72}]
