"""What the application's role may do in the database when it is not the owner of the tables, and what nobody may fake.

Triggers guard what is approved, but who owns a table can switch its triggers off. So migrations run as the owner, and everything
else as a role that reads and writes rows, empties no table and owns none, but the two whose partitions it makes and drops.
"""

from typing import Any

from django.db import connection
from psycopg import sql

# Its partitions are made and dropped by the timetable, which only an owner can do. They hold no money.
OWNED_BY_THE_ROLE = ("metering_reading", "metering_rawbatch")
# Rows that are written once, by whatever statement: not even a trigger is asked.
NEVER_CHANGED = (
    *("settlement_auditentry", "settlement_runcomparison"),
    *("settlement_gseimport", "settlement_gsepublication", "settlement_bankreceipt"),
    *("settlement_differencenote", "settlement_amountschoice", "settlement_receiptmatch"),
    *("invoicing_accountmovement", "invoicing_mailstep"),
)
READ_ONLY = ("django_migrations",)

# A trigger that names a table without its schema looks among the temporary tables of whoever made it fire first, and there
# anybody may put an empty table of that name.
PIN = """
DO $$
DECLARE guard regprocedure;
BEGIN
  FOR guard IN SELECT DISTINCT p.oid::regprocedure FROM pg_proc p JOIN pg_trigger t ON t.tgfoid = p.oid
                WHERE NOT t.tgisinternal AND p.pronamespace = 'public'::regnamespace AND p.proconfig IS NULL
                  AND pg_has_role(current_user, p.proowner, 'USAGE')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', guard);
  END LOOP;
END $$
"""


class RoleRefused(Exception):
    """This role cannot be the application's; the sentence says why."""


def pin_guards(**_named: object) -> None:
    """Let every trigger's function look into the schema of our tables first. After each migration; idempotent."""
    with connection.cursor() as cursor:
        cursor.execute(PIN)


def limit_role(role: str) -> dict[str, Any]:
    """Give `role` what the application needs and take away everything else. As the owner of the tables; idempotent.

    Returns how many tables it may write and which it owns. Errors: `RoleRefused`.
    """
    with connection.cursor() as cursor:
        _refuse_powerful(cursor, role)
        tables = [
            name
            for (name,) in _all(cursor, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner <> %s", role)
        ]
        name = sql.Identifier(role)

        def run(statement: str, *tables: str) -> None:
            listed = sql.SQL(", ").join(sql.Identifier(table) for table in tables)
            cursor.execute(sql.SQL(statement).format(role=name, tables=listed))

        run("REVOKE ALL ON {tables} FROM PUBLIC, {role}", *tables)
        run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        run("GRANT USAGE, CREATE ON SCHEMA public TO {role}")
        run("GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES ON {tables} TO {role}", *tables)
        run("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
        run("REVOKE UPDATE, DELETE ON {tables} FROM {role}", *NEVER_CHANGED)
        run("REVOKE INSERT, UPDATE, DELETE ON {tables} FROM {role}", *READ_ONLY)
        for parent in OWNED_BY_THE_ROLE:
            partitions = _all(
                cursor, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent::regclass::text = %s", parent
            )
            for (table,) in [(parent,), *partitions]:
                run("ALTER TABLE {tables} OWNER TO {role}", table)
    return {"role": role, "writes": len(tables) - len(READ_ONLY), "owns": list(OWNED_BY_THE_ROLE)}


def _refuse_powerful(cursor: Any, role: str) -> None:
    found = _all(
        cursor,
        """SELECT rolsuper, rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,
                  EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' AND tablename = 'settlement_settlementrun'
                             AND pg_has_role(r.oid, tableowner::regrole, 'MEMBER'))
             FROM pg_roles r WHERE rolname = %s""",
        role,
    )
    if not found:
        raise RoleRefused(f"There is no role {role}. Let the administrator of PostgreSQL create it: CREATE ROLE {role} LOGIN.")
    superuser, powerful, owner = found[0]
    if superuser or powerful or owner:
        why = "is a superuser" if superuser else "owns the tables" if owner else "has rights over the whole server"
        raise RoleRefused(f"Role {role} {why}, so nothing can be kept from it. Create a plain one for the application.")
    if not _all(cursor, "SELECT pg_has_role(current_user, %s, 'MEMBER')", role)[0][0]:
        raise RoleRefused(
            f"The owner of the tables must be a member of {role} to hand tables over to it: GRANT {role} TO the owner."
        )


def _all(cursor: Any, statement: str, *values: object) -> list[tuple[Any, ...]]:
    cursor.execute(statement, values)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
