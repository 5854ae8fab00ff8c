"""Reading the trail: the history of one run for people, the whole chain for its verification."""

from collections.abc import Iterator
from dataclasses import fields

from django.db import connection

from apps.settlement.audit.chain import Entry
from apps.settlement.models import AuditEntry, SettlementRun

COLUMNS = tuple(field.name for field in fields(Entry))
READ_AT_ONCE = 2000


def list_history(run: SettlementRun, *, after: int = 0) -> list[AuditEntry]:
    """The steps of one run, oldest first; with `after`, those that followed that entry."""
    return list(AuditEntry.objects.filter(run_number=run.pk, sequence__gt=after).select_related("user").order_by("sequence"))


def get_last_sequence(run: SettlementRun) -> int:
    """The number of the run's last entry, which is the version of what a screen shows; 0 when it has none."""
    return AuditEntry.objects.filter(run_number=run.pk).order_by("-sequence").values_list("sequence", flat=True).first() or 0


CONTRADICTED = """
SELECT run.id, run.state, last.sequence, last.to_state, last.to_state <> run.state
  FROM settlement_settlementrun run
  JOIN LATERAL (SELECT sequence, to_state FROM settlement_auditentry
                 WHERE run_number = run.id ORDER BY sequence DESC LIMIT 1) last ON true
  LEFT JOIN LATERAL (SELECT details ->> 'result_sha256' AS sha256 FROM settlement_auditentry
                      WHERE run_number = run.id AND details ? 'result_sha256' ORDER BY sequence DESC LIMIT 1) result ON true
 WHERE last.to_state <> run.state
    OR (run.state IN ('computed', 'approved', 'issued', 'paid', 'reversed') AND result.sha256 <> run.result_sha256)
 ORDER BY last.sequence LIMIT 1
"""


def find_contradicted_run() -> tuple[int, str] | None:
    """The last entry and a sentence, for the first run that has not the state, or the result, in which its steps left it.

    Runs without any step are older than the trail and are not looked at.
    """
    with connection.cursor() as cursor:
        cursor.execute(CONTRADICTED)
        found = cursor.fetchone()
    if found is None:
        return None
    run, state, sequence, told, by_state = found
    if by_state:
        return sequence, f"Run {run} is {state}, but its last step, entry {sequence}, left it {told}."
    return sequence, f"Run {run} has another result than its steps up to entry {sequence} tell."


def iterate_entries() -> Iterator[Entry]:
    """The whole chain in order, from one snapshot, in bounded memory."""
    rows = AuditEntry.objects.order_by("sequence").values_list(*COLUMNS)
    for row in rows.iterator(chunk_size=READ_AT_ONCE):
        yield Entry(*row)
