"""What is approved is history: ORM, admin and raw SQL as the application's own role all fail to change it, and so its trail."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.utils import InternalError

from apps.accounts.models import User
from apps.communities.models import Member, Plant
from apps.settlement import operations
from apps.settlement.models import (
    AuditEntry,
    ContributionTotal,
    LedgerEntry,
    MemberResult,
    PlantResult,
    PointResult,
    RunCurves,
    SettlementRun,
)
from tests.apps.settlement.rows import AS_OF, MONTH, make_computed_run, make_configuration, make_user

pytestmark = pytest.mark.django_db
REFUSED = (IntegrityError, InternalError)


def _close() -> None:
    """Run the deferred checks now, as a commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _approved() -> SettlementRun:
    anna, bruno = make_user("anna"), make_user("bruno")
    run = make_computed_run(make_configuration(), computed_by=anna)
    return operations.approve_run(run_id=run.pk, approved_by=bruno, seen_sha256="2" * 64, as_of=AS_OF)


def _give_results(run: SettlementRun) -> None:
    """A row in every table of results, written behind the guards, so that each statement below meets one."""
    member = Member.objects.order_by("pk")[0]
    plant = Plant.objects.create(
        community=run.configuration.community, code="P1", pod_key="IT001E00000001", source="photovoltaic", power_kw=10,
        region="Lombardia", market_zone="NORD", entered_operation_on=MONTH,
    )  # fmt: skip
    energies = dict.fromkeys(("injected_wh", "taken_wh", "incentivised_wh", "exempt_wh", "premium_cents"), 0)
    curves = dict.fromkeys(("injected", "withdrawn", "shared", "taken"), b"")
    amounts = dict.fromkeys(("premium_cents", "valorisation_cents", "excess_cents"), 0)
    sums = dict.fromkeys(("injected_wh", "withdrawn_wh", "shared_wh"), 0)
    tables = [model._meta.db_table for model in (PlantResult, MemberResult, PointResult, RunCurves)]
    _close()
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        PlantResult.objects.create(run=run, plant=plant, position=0, **energies)
        MemberResult.objects.create(run=run, member=member, incentivised_wh=0, **sums, **amounts)
        PointResult.objects.create(
            run=run, member=member, pod="IT001E00000001", valid_from=MONTH, missing_hours=0, days=b"", **sums
        )
        RunCurves.objects.create(run=run, **curves)
        _close()
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


ATTEMPTS = {
    "change an entry": "UPDATE settlement_ledgerentry SET cents = cents WHERE run_id = %s",
    "delete entries": "DELETE FROM settlement_ledgerentry WHERE run_id = %s",
    "add an entry": """INSERT INTO settlement_ledgerentry
        (run_id, position, contribution, block, account, cents, block_cents, key, weight, weight_total)
        VALUES (%s, 99, 'premium', 'deduction', 'x', 0, 0, '', 0, 0)""",
    "change a total": "UPDATE settlement_contributiontotal SET amount_cents = 1 WHERE run_id = %s",
    "delete a total": "DELETE FROM settlement_contributiontotal WHERE run_id = %s",
    "back to computed": "UPDATE settlement_settlementrun SET state = 'computed' WHERE id = %s",
    "back to draft": "UPDATE settlement_settlementrun SET state = 'draft' WHERE id = %s",
    "another result": """UPDATE settlement_settlementrun
        SET result_sha256 = repeat('3', 64), approved_sha256 = repeat('3', 64) WHERE id = %s""",
    "another energy": "UPDATE settlement_settlementrun SET shared_wh = shared_wh + 1 WHERE id = %s",
    "delete the run": "DELETE FROM settlement_settlementrun WHERE id = %s",
    "the same values again": "UPDATE settlement_settlementrun SET note = note WHERE id = %s",
    "another approver": "UPDATE settlement_settlementrun SET approved_by_id = NULL WHERE id = %s",
    "a note": "UPDATE settlement_settlementrun SET note = 'x' WHERE id = %s",
    "issued without a time": "UPDATE settlement_settlementrun SET state = 'issued' WHERE id = %s",
    "issued and something more": """UPDATE settlement_settlementrun
        SET state = 'issued', issued_at = now(), note = 'x' WHERE id = %s""",
    "issued and paid at once": """UPDATE settlement_settlementrun
        SET state = 'issued', issued_at = now(), paid_on = now() WHERE id = %s""",
    "paid without being issued": "UPDATE settlement_settlementrun SET state = 'paid' WHERE id = %s",
    "reversed without being issued": "UPDATE settlement_settlementrun SET state = 'reversed' WHERE id = %s",
    "issued by stealth": "UPDATE settlement_settlementrun SET issued_at = now() WHERE id = %s",
    "delete a plant's result": "DELETE FROM settlement_plantresult WHERE run_id = %s",
    "change a member's result": "UPDATE settlement_memberresult SET premium_cents = 1 WHERE run_id = %s",
    "change a point's result": "UPDATE settlement_pointresult SET shared_wh = 1 WHERE run_id = %s",
    "delete the curves": "DELETE FROM settlement_runcurves WHERE run_id = %s",
    "empty the entries": "TRUNCATE settlement_ledgerentry",
    "empty the totals": "TRUNCATE settlement_contributiontotal",
    "empty the members' results": "TRUNCATE settlement_memberresult",
    "empty the plants' results": "TRUNCATE settlement_plantresult",
    "empty the points' results": "TRUNCATE settlement_pointresult",
    "empty the curves": "TRUNCATE settlement_runcurves",
    "empty the runs": "TRUNCATE settlement_settlementrun CASCADE",
    "empty the configurations": "TRUNCATE communities_configuration CASCADE",
    "change a step": "UPDATE settlement_auditentry SET reason = 'x' WHERE run_number = %s",
    "the same step again": "UPDATE settlement_auditentry SET reason = reason WHERE run_number = %s",
    "change nobody's step": "UPDATE settlement_auditentry SET reason = 'x' WHERE run_number = - %s",
    "delete a step": "DELETE FROM settlement_auditentry WHERE run_number = %s",
    "delete all steps": "DELETE FROM settlement_auditentry",
    "empty the trail": "TRUNCATE settlement_auditentry",
    "empty the trail and what hangs on it": "TRUNCATE settlement_auditentry RESTART IDENTITY CASCADE",
    "overwrite a step": """INSERT INTO settlement_auditentry SELECT * FROM settlement_auditentry WHERE run_number = %s
        ON CONFLICT (sequence) DO UPDATE SET reason = 'x'""",
    "move a step by merging": """MERGE INTO settlement_auditentry e USING (SELECT 1) x ON e.run_number = %s
        WHEN MATCHED THEN UPDATE SET reason = 'x'""",
    "empty the people": "TRUNCATE accounts_user CASCADE",
}
BY_ORM: dict[str, Callable[[SettlementRun], object]] = {
    "save the run": lambda run: run.save(),
    "update the run": lambda run: SettlementRun.objects.filter(pk=run.pk).update(note="x"),
    "delete the run": lambda run: run.delete(),
    "delete runs": lambda run: SettlementRun.objects.all().delete(),
    "save an entry": lambda run: run.entries.order_by("pk")[0].save(),
    "update entries": lambda run: run.entries.update(cents=0),
    "delete entries": lambda run: run.entries.all().delete(),
    "add entries in bulk": lambda run: LedgerEntry.objects.bulk_create(
        [LedgerEntry(run=run, position=9, contribution="premium", block="deduction", account="x", cents=0, block_cents=0)]
    ),
    "save a total": lambda run: run.contributions.get().save(),
    "delete totals": lambda run: run.contributions.all().delete(),
    "save a step": lambda run: AuditEntry.objects.get(run_number=run.pk).save(),
    "update steps": lambda run: AuditEntry.objects.update(reason="x"),
    "update steps in bulk": lambda run: AuditEntry.objects.bulk_update(list(AuditEntry.objects.all()), ["reason"]),
    "delete a step": lambda run: AuditEntry.objects.get(run_number=run.pk).delete(),
    "delete steps": lambda run: AuditEntry.objects.all().delete(),
    "delete steps past the collector": lambda run: AuditEntry.objects.all()._raw_delete("default"),
    "delete the approver": lambda run: User.objects.get(name="Bruno").delete(),
}


def _everything() -> list[list[tuple]]:
    return [
        list(model.objects.order_by("pk").values_list()) for model in (SettlementRun, LedgerEntry, ContributionTotal, AuditEntry)
    ]


@pytest.mark.parametrize("sql", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_an_approved_run_cannot_be_changed_by_any_statement(sql: str) -> None:
    run = _approved()
    _give_results(run)
    _close()
    before = _everything()
    with pytest.raises(REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [run.pk] if "%s" in sql else None)
        _close()
    assert _everything() == before


@pytest.mark.parametrize("attempt", BY_ORM.values(), ids=BY_ORM.keys())
def test_an_approved_run_cannot_be_changed_by_the_orm(attempt: Callable[[SettlementRun], object]) -> None:
    run = _approved()
    before = _everything()
    with pytest.raises((*REFUSED, ProtectedError)), transaction.atomic():
        attempt(run)
        _close()
    assert _everything() == before


def test_these_statements_are_made_by_the_role_of_the_application() -> None:
    assert len(ATTEMPTS) + len(BY_ORM) >= 30
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'settlement_auditentry'")
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("state", ["issued", "paid"])
def test_what_is_issued_or_paid_takes_nothing_but_its_next_step(state: str) -> None:
    run = _approved()
    steps: dict[str, dict[str, object]] = {
        "issued": {"issued_at": AS_OF},
        "paid": {"paid_by": run.approved_by, "paid_at": AS_OF, "paid_on": MONTH, "payment_reference": "CRO 1"},
    }
    for step, said in steps.items():
        SettlementRun.objects.filter(pk=run.pk).update(state=step, **said)
        if step == state:
            break
    lawful = {"paid"} if state == "issued" else set()  # reversed only by a reversal: see test_reversals
    changes: list[dict[str, object]] = [
        {"note": "x"},
        {"issued_at": None},
        {"paid_on": AS_OF.date()},
        {"payment_reference": "CRO 2"},
        {"paid_by": None},
    ]
    changes += [{"state": other} for other in SettlementRun.State.values if other not in lawful]
    before = _everything()
    for change in changes:
        with pytest.raises(REFUSED), transaction.atomic():
            SettlementRun.objects.filter(pk=run.pk).update(**change)
    assert _everything() == before


def test_before_the_approval_the_same_tables_can_be_emptied() -> None:
    """Negative control: TRUNCATE is refused for the sake of approved runs, not always."""
    make_computed_run(make_configuration())
    _close()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE settlement_ledgerentry")
    assert not LedgerEntry.objects.exists()


def test_the_same_statements_pass_on_a_run_that_is_only_computed() -> None:
    """Negative control: what stops the statements above is the approval, not a fault in them."""
    run = make_computed_run(make_configuration())
    with connection.cursor() as cursor:
        cursor.execute(ATTEMPTS["change an entry"], [run.pk])
        cursor.execute(ATTEMPTS["add an entry"], [run.pk])
        cursor.execute(ATTEMPTS["another energy"], [run.pk])
    _close()
