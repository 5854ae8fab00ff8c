"""Every table that hangs on an approved run, by every kind of statement and by every way of the ORM: nothing changes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, ProtectedError
from django.db.utils import InternalError

from apps.settlement.models import LedgerEntry, SettlementRun
from tests.apps.settlement.frozen import MODELS, close, everything, make_frozen_run, row_of

pytestmark = pytest.mark.django_db
REFUSED = (IntegrityError, InternalError, ProtectedError)
# {table}, {key} its primary key, {row} the key of a row, {columns} all columns, {column} one that is no key
STATEMENTS = {
    "update": "UPDATE {table} SET {column} = {column} WHERE {key} = {row}",
    "update by a join": "UPDATE {table} t SET {column} = x.{column} FROM {table} x WHERE t.{key} = x.{key} AND x.{key} = {row}",
    "update by a list": "WITH moved AS (UPDATE {table} SET {column} = {column} RETURNING {key}) SELECT count(*) FROM moved",
    "delete": "DELETE FROM {table} WHERE {key} = {row}",
    "delete by a list": "WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone",
    "overwrite": """INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE {key} = {row}
        ON CONFLICT ({key}) DO UPDATE SET {column} = excluded.{column}""",
    "merge and update": """MERGE INTO {table} t USING (SELECT {row} AS id) x ON t.{key} = x.id
        WHEN MATCHED THEN UPDATE SET {column} = t.{column}""",
    "merge and delete": "MERGE INTO {table} t USING (SELECT {row} AS id) x ON t.{key} = x.id WHEN MATCHED THEN DELETE",
    "empty": "TRUNCATE {table} CASCADE",
    "behind a table of the same name": """CREATE TEMPORARY TABLE settlement_settlementrun (id bigint, state text) ON COMMIT DROP;
        DELETE FROM public.{table} WHERE {key} = {row}""",
}
WAYS: dict[str, Callable[[Any], object]] = {
    "save": lambda row: row.save(),
    "save one column": lambda row: row.save(update_fields=[_column(type(row))]),
    "update": lambda row: _rows(row).update(**{_column(type(row)): F(_column(type(row)))}),
    "update in bulk": lambda row: type(row).objects.bulk_update([row], [_column(type(row))]),
    "update or create": lambda row: type(row).objects.update_or_create(
        pk=row.pk, defaults={_column(type(row)): getattr(row, _column(type(row)))}
    ),
    "upsert in bulk": lambda row: type(row).objects.bulk_create(
        [row], update_conflicts=True, update_fields=[_column(type(row))], unique_fields=["pk"]
    ),
    "delete": lambda row: row.delete(),
    "delete rows": lambda row: _rows(row).delete(),
    "delete past the collector": lambda row: _rows(row)._raw_delete("default"),
    "delete all rows": lambda row: type(row).objects.all().delete(),
}


def _column(model: Any) -> str:
    """The last column that is neither key nor relation."""
    fields = model._meta.concrete_fields
    return str([field.attname for field in fields if not field.primary_key and not field.is_relation][-1])


def _rows(row: Any) -> Any:
    return type(row).objects.filter(pk=row.pk)


def fill(statement: str, model: Any, run: SettlementRun) -> str:
    """The statement for one table and one row of it."""
    meta = model._meta
    return statement.format(
        table=meta.db_table,
        key=meta.pk.column,
        row=row_of(model, run).pk,
        column=_column(model),
        columns=", ".join(f'"{field.column}"' for field in meta.concrete_fields),
    )


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS.keys())
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_statement_changes_what_hangs_on_an_approved_run(model: Any, statement: str) -> None:
    run = make_frozen_run()
    before = everything()
    with pytest.raises(REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(fill(statement, model, run))
        close()
    assert everything() == before


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_way_of_the_orm_changes_what_hangs_on_an_approved_run(model: Any, way: Callable[[Any], object]) -> None:
    row = row_of(model, make_frozen_run())
    before = everything()
    with pytest.raises(REFUSED), transaction.atomic():
        way(row)
        close()
    assert everything() == before


def test_before_the_approval_the_same_ways_pass() -> None:
    """Negative control: it is the approval that refuses them."""
    run = make_frozen_run()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE settlement_settlementrun DISABLE TRIGGER USER")
        SettlementRun.objects.filter(pk=run.pk).update(state="computed", approved_by=None, approved_at=None, approved_sha256="")
        cursor.execute("ALTER TABLE settlement_settlementrun ENABLE TRIGGER USER")
        for statement in ("update", "overwrite", "merge and update"):
            cursor.execute(fill(STATEMENTS[statement], LedgerEntry, run))
    close()
