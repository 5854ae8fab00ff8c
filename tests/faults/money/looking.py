"""Looks at the database from outside Django, in one statement each, so that what they see is one moment."""

import os
from dataclasses import dataclass
from typing import Any

import psycopg

RUNS = """
SELECT r.id, r.configuration_id, r.month, r.kind, r.version, r.state, r.result_sha256, r.opened_by_id,
       coalesce((SELECT max(sequence) FROM settlement_auditentry a WHERE a.run_number = r.id), 0),
       EXISTS (SELECT FROM invoicing_issueddocument d WHERE d.run_id = r.id AND d.state = 'failed')
  FROM settlement_settlementrun r
"""
# Whatever moment somebody looks, a result is there whole or not at all.
HALF = """
SELECT r.id, r.state FROM settlement_settlementrun r WHERE
  CASE WHEN r.state IN ('computed', 'approved', 'issued', 'paid')
  THEN (SELECT count(*) FROM settlement_contributiontotal t WHERE t.run_id = r.id) <> 3
    OR NOT EXISTS (SELECT FROM settlement_runcurves c WHERE c.run_id = r.id)
    OR NOT EXISTS (SELECT FROM settlement_memberresult m WHERE m.run_id = r.id)
    OR NOT EXISTS (SELECT FROM settlement_ledgerentry e WHERE e.run_id = r.id) AND r.kind <> 'correction'
  ELSE EXISTS (SELECT FROM settlement_contributiontotal t WHERE t.run_id = r.id)
    OR EXISTS (SELECT FROM settlement_ledgerentry e WHERE e.run_id = r.id)
    OR EXISTS (SELECT FROM settlement_runcurves c WHERE c.run_id = r.id)
    OR EXISTS (SELECT FROM settlement_memberresult m WHERE m.run_id = r.id)
  END
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands now."""

    id: int
    configuration_id: int
    month: Any
    kind: str
    version: int
    state: str
    result_sha256: str
    opened_by_id: int | None
    sequence: int
    has_failed_documents: bool


def look(statement: str) -> list[tuple[Any, ...]]:
    """Errors: `psycopg.OperationalError` while the database is away."""
    with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5) as connection:
        return connection.execute(statement).fetchall()


def list_runs() -> list[Run]:
    return [Run(*row) for row in look(RUNS)]


def list_half_runs() -> list[tuple[Any, ...]]:
    return look(HALF)
