"""An approved run with a row in every table that hangs on it, and what it all said before somebody tried to change it."""

from datetime import date
from typing import Any

from django.db import connection

from apps.communities.models import Member, Plant
from apps.settlement import operations
from apps.settlement.models import (
    AuditEntry,
    ContributionTotal,
    LedgerEntry,
    MemberResult,
    PlantResult,
    PointResult,
    RunComparison,
    RunCurves,
    SettlementRun,
)
from tests.apps.settlement.rows import AS_OF, MONTH, make_computed_run, make_configuration, make_user

MODELS = (
    SettlementRun,
    LedgerEntry,
    ContributionTotal,
    PlantResult,
    MemberResult,
    PointResult,
    RunCurves,
    RunComparison,
    AuditEntry,
)
POD = "IT001E00000001"


def close() -> None:
    """Run the deferred checks now, as a commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def make_frozen_run() -> SettlementRun:
    """A run of 10.00 €, computed, with results and a comparison, then approved. Call it inside a transaction."""
    anna, bruno = make_user("anna"), make_user("bruno")
    configuration = make_configuration()
    run = make_computed_run(configuration, computed_by=anna)
    member = Member.objects.order_by("pk")[0]
    plant = Plant.objects.create(
        community=configuration.community, code="P1", pod_key=POD, source="photovoltaic", power_kw=10,
        region="Lombardia", market_zone="NORD", entered_operation_on=date(2022, 3, 1),
    )  # fmt: skip
    energies = dict.fromkeys(("injected_wh", "taken_wh", "incentivised_wh", "exempt_wh", "premium_cents"), 1)
    amounts = dict.fromkeys(("premium_cents", "valorisation_cents", "excess_cents"), 1)
    sums = dict.fromkeys(("injected_wh", "withdrawn_wh", "shared_wh"), 1)
    PlantResult.objects.create(run=run, plant=plant, position=0, **energies)
    MemberResult.objects.create(run=run, member=member, incentivised_wh=0, **sums, **amounts)
    PointResult.objects.create(run=run, member=member, pod=POD, valid_from=MONTH, missing_hours=0, days=b"1", **sums)
    RunCurves.objects.create(run=run, injected=b"1", withdrawn=b"1", shared=b"1", taken=b"1")
    other = SettlementRun.objects.create(configuration=configuration, month=MONTH, kind="final", version=1, opened_at=AS_OF)
    RunComparison.objects.create(before=other, now=run, before_sha256="1" * 64, now_sha256="2" * 64, created_at=AS_OF)
    operations.approve_run(run_id=run.pk, approved_by=bruno, seen_sha256=run.result_sha256, as_of=AS_OF)
    close()
    return SettlementRun.objects.get(pk=run.pk)


def row_of(model: Any, run: SettlementRun) -> Any:
    """The first row of `model` that belongs to `run`."""
    by = {SettlementRun: "pk", AuditEntry: "run_number", RunComparison: "now"}.get(model, "run")
    return model.objects.filter(**{by: run.pk}).order_by("pk")[0]


def everything() -> list[list[tuple[Any, ...]]]:
    return [[tuple(map(_plain, row)) for row in model.objects.order_by("pk").values_list()] for model in MODELS]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
