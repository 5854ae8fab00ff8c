"""What every test may rely on: the rows that migrations write are there, whatever the test before it did.

Properties are tried with the same examples every time, however slow the machine: a suite that fails must fail again.
`pytest --hypothesis-profile=search` looks for new ones.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("same", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile("same")


@pytest.fixture(scope="session", autouse=True)
def _rows_of_migrations() -> Iterator[None]:
    """Write the values of the law again whenever the tables are truncated, as transactional tests do after themselves.

    Django says `post_migrate` at the end of every truncation as after every migration; so nobody has to ask for the rows.
    """
    from django.apps import apps
    from django.db.models.signals import post_migrate

    def restore(**_named: object) -> None:
        from apps.settlement.models import RuleParameter
        from apps.settlement.reference_values import read_reference_values

        if not RuleParameter.objects.exists():
            RuleParameter.objects.bulk_create(RuleParameter(**row) for row in read_reference_values())

    room = apps.get_app_config("settlement")
    post_migrate.connect(restore, sender=room, weak=False, dispatch_uid="tests.rows_of_migrations")
    yield
    post_migrate.disconnect(sender=room, dispatch_uid="tests.rows_of_migrations")


@pytest.fixture(scope="session", autouse=True)
def _tables_can_be_emptied() -> Iterator[None]:
    """Let Django empty the tables after a transactional test, although triggers refuse TRUNCATE."""
    from django.db import connection
    from django.db.backends.postgresql.operations import DatabaseOperations

    stock = DatabaseOperations.sql_flush

    def flush(self: Any, *args: Any, **named: Any) -> list[str]:
        statements: list[str] = stock(self, *args, **named)
        if not statements:
            return statements
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgtype & 32 <> 0 AND NOT tgisinternal")
            guarded = [table for (table,) in cursor.fetchall()]
        switched = {word: [f"ALTER TABLE {table} {word} TRIGGER USER" for table in guarded] for word in ("DISABLE", "ENABLE")}
        return [*switched["DISABLE"], *statements, *switched["ENABLE"]]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", flush)
        yield
