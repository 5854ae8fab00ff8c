"""The application as a role that does not own its tables: it can do its work, and change nothing that is approved."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql

from apps.metering.partitions import keep_partitions
from apps.settlement.gse import operations as gse
from apps.settlement.models import BankReceipt, ReceiptMatch, SettlementRun
from project.database_role import RoleRefused, limit_role
from tests.apps.settlement.frozen import MODELS, everything, make_frozen_run
from tests.apps.settlement.gse.files import RECEIPTS, bring_in, line, publications, receipts
from tests.apps.settlement.rows import AS_OF, make_computed_run, make_configuration, make_user
from tests.apps.settlement.test_frozen_runs import ATTEMPTS
from tests.apps.settlement.test_frozen_tables import STATEMENTS, fill

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = [model._meta.db_table for model in MODELS]
GUARDS = ("settlement_refuse_if_frozen", "settlement_guard_run", "settlement_audit_keep", "settlement_check_contribution_sum")
TOUCH = "UPDATE settlement_ledgerentry SET cents = cents + 1"
# What only an owner, or a superuser, can do about a guard.
TAMPERING = {
    "replica": f"SET session_replication_role = replica; {TOUCH}",
    "replica, here": f"SET LOCAL session_replication_role = replica; {TOUCH}",
    "replica, by a setting": f"SELECT set_config('session_replication_role', 'replica', false); {TOUCH}",
    "replica, for the role": "ALTER ROLE CURRENT_USER SET session_replication_role = replica",
    "be the owner": f"SET ROLE {{owner}}; {TOUCH}",
    "be the owner's session": f"SET SESSION AUTHORIZATION {{owner}}; {TOUCH}",
    "become a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "join the owner": "GRANT {owner} TO CURRENT_USER",
    "by the catalogue of triggers": "UPDATE pg_trigger SET tgenabled = 'D'",
    "by the catalogue of tables": "UPDATE pg_class SET relhastriggers = false WHERE relname = 'settlement_ledgerentry'",
    "by the catalogue of functions": "UPDATE pg_proc SET prosrc = 'BEGIN RETURN NULL; END' WHERE proname LIKE 'settlement%%'",
    "by a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "a rule": "CREATE RULE quiet AS ON UPDATE TO settlement_ledgerentry DO INSTEAD NOTHING",
    "a trigger of one's own": """CREATE TRIGGER mine BEFORE UPDATE ON settlement_ledgerentry FOR EACH ROW
        EXECUTE FUNCTION suppress_redundant_updates_trigger()""",
    "a policy": "CREATE POLICY mine ON settlement_ledgerentry USING (true)",
    **{f"switch off {table}": f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TABLES},
    **{f"switch off all of {table}": f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in TABLES},
    **{f"take {table}": f"ALTER TABLE {table} OWNER TO CURRENT_USER" for table in TABLES},
    **{f"drop {table}": f"DROP TABLE {table} CASCADE" for table in TABLES},
    **{f"empty {table}": f"TRUNCATE {table} CASCADE" for table in TABLES},
    **{f"drop {guard}": f"DROP FUNCTION {guard}() CASCADE" for guard in GUARDS},
    **{f"unpin {guard}": f"ALTER FUNCTION {guard}() RESET search_path" for guard in GUARDS},
    **{
        f"replace {guard}": f"""CREATE OR REPLACE FUNCTION {guard}() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RETURN NULL; END $$"""
        for guard in GUARDS
    },
}


@pytest.fixture
def role() -> Iterator[str]:
    """A plain role with what `limit_role` gives it; gone afterwards."""
    name = f"limited_{connection.settings_dict['NAME']}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            pytest.skip("the role of the tests may not create another one")
        cursor.execute(f"CREATE ROLE {name} LOGIN")
        cursor.execute(f"GRANT {name} TO CURRENT_USER")
    limit_role(name)
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
        cursor.execute(f"DROP OWNED BY {name}")
        cursor.execute(f"DROP ROLE {name}")
        cursor.execute("GRANT ALL ON SCHEMA public TO PUBLIC")


@pytest.fixture
def limited(role: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as that role."""
    found = connection.settings_dict
    with psycopg.connect(host=found["HOST"], port=found["PORT"], dbname=found["NAME"], user=role, autocommit=True) as as_role:
        yield as_role


@pytest.fixture
def run() -> SettlementRun:
    with transaction.atomic():
        return make_frozen_run()


def _refused(limited: psycopg.Connection[Any], statements: dict[str, str], values: list[int] | None = None) -> list[str]:
    """The names of those statements that were not refused; each in a transaction of its own."""
    passed = []
    for name, statement in statements.items():
        try:
            with limited.transaction():
                for part in statement.split("; ") if "$$" not in statement else [statement]:
                    limited.execute(part, values if values and "%s" in part else None)
        except psycopg.Error:
            continue
        passed.append(name)
    return passed


def test_no_statement_of_the_application_changes_what_is_approved(limited: psycopg.Connection[Any], run: SettlementRun) -> None:
    before = everything()
    matrix = {
        f"{kind} {model.__name__}": fill(statement, model, run) for kind, statement in STATEMENTS.items() for model in MODELS
    }
    assert _refused(limited, matrix) == []
    assert _refused(limited, ATTEMPTS, [run.pk]) == []
    assert len(matrix) + len(ATTEMPTS) > 100
    assert everything() == before


def test_no_guard_can_be_switched_off(limited: psycopg.Connection[Any], run: SettlementRun) -> None:
    before = everything()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        owner = cursor.fetchone()[0]
    assert _refused(limited, {name: text.replace("{owner}", owner) for name, text in TAMPERING.items()}) == []
    assert everything() == before


def test_as_the_owner_a_guard_can_be_switched_off(run: SettlementRun) -> None:
    """Negative control, and the reason for the role."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE settlement_plantresult DISABLE TRIGGER USER")
        cursor.execute("UPDATE settlement_plantresult SET premium_cents = premium_cents + 1")
        assert cursor.rowcount == 1
        cursor.execute("ALTER TABLE settlement_plantresult ENABLE TRIGGER USER")


def test_a_receipt_from_gse_is_assigned_and_matched_as_that_role(role: str) -> None:
    """Nothing that the bank said is locked or changed for it: that role may not."""
    configuration, anna = make_configuration(), make_user("anna")
    other = make_configuration("CER-T-B")
    bring_in(configuration, anna, publications(line()))
    bring_in(configuration, anna, receipts("2023-05-31,2023-05-31,495.00,0001,GSE\n"), RECEIPTS)
    owner = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = role
    try:
        waiting = BankReceipt.objects.get()
        gse.assign_receipt(receipt_id=waiting.pk, configuration=other, assigned_by=anna, as_of=AS_OF)
        moved = BankReceipt.objects.get(supersedes=waiting)
        assigned = gse.assign_receipt(receipt_id=moved.pk, configuration=configuration, assigned_by=anna, as_of=AS_OF)
        gse.match_receipt(
            receipt_id=assigned.pk,
            says="nothing",
            publication_id=None,
            reason="Rimborso",
            seen_id=None,
            said_by=anna,
            as_of=AS_OF,
        )
    finally:
        connection.close()
        connection.settings_dict["USER"] = owner
    assert ReceiptMatch.objects.get().receipt == assigned


def test_the_application_does_its_work_as_that_role(role: str) -> None:
    """Rows are written and replaced; partitions are made and dropped. `tests.faults.money` settles and issues as such a role."""
    owner = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = role
    try:
        with transaction.atomic():
            run = make_computed_run(make_configuration())
        with transaction.atomic():
            run.entries.all().delete()
            run.contributions.all().delete()
        made, _dropped = keep_partitions(as_of=AS_OF)
        _made, dropped = keep_partitions(as_of=AS_OF + timedelta(days=890))
    finally:
        connection.close()
        connection.settings_dict["USER"] = owner
    assert set(made) <= set(dropped)
    assert len(made) > 5
    run.refresh_from_db()
    assert run.entries.count() == 0


@pytest.mark.parametrize(
    ("attributes", "sentence"), [("SUPERUSER", "is a superuser"), ("CREATEDB", "rights over the whole server"), (None, "no role")]
)
def test_a_role_from_which_nothing_can_be_kept_is_refused(attributes: str | None, sentence: str) -> None:
    name = f"powerful_{connection.settings_dict['NAME']}"
    with transaction.atomic(), connection.cursor() as cursor:
        if attributes:
            cursor.execute(sql.SQL("CREATE ROLE {} " + attributes).format(sql.Identifier(name)))
        with pytest.raises(RoleRefused, match=sentence):
            limit_role(name)
        transaction.set_rollback(True)


def test_the_owner_is_refused() -> None:
    with pytest.raises(RoleRefused, match=r"is a superuser|owns the tables"):
        limit_role(connection.settings_dict["USER"])


def test_the_command_says_what_it_gave(role: str) -> None:
    output = io.StringIO()
    call_command("limit_role", role, "--json", stdout=output)
    assert json.loads(output.getvalue())["owns"] == ["metering_reading", "metering_rawbatch"]
    with pytest.raises(SystemExit):
        call_command("limit_role", "nobody-of-that-name", stderr=io.StringIO())
