"""The only writer of the audit trail. An entry belongs to the transaction of the step that it tells."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from apps.accounts.models import User
from apps.settlement.audit.anchors import store_anchor
from apps.settlement.audit.chain import Entry, compute_mac
from apps.settlement.models import AuditEntry, SettlementRun

AUDIT_LOCK = 7103  # advisory lock space of the trail; the trigger on inserts takes the same one
LAST = """
SELECT clock_timestamp(), last.sequence, last.mac
  FROM (SELECT 1) one LEFT JOIN (SELECT sequence, mac FROM settlement_auditentry ORDER BY sequence DESC LIMIT 1) last ON true
"""


def append_entry(
    *,
    run: SettlementRun,
    action: AuditEntry.Action,
    from_state: str,
    to_state: str,
    user: User | None = None,
    actor: AuditEntry.Actor = AuditEntry.Actor.WORKER,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append what is happening to `run` now, inside the caller's transaction, as its last act.

    From here to the commit every other step of every run waits, so that numbers have no gaps: lock rows first, call this last.
    With `user` the actor is a person. After the commit the entry is anchored outside the database.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An entry is written in the transaction of the step that it tells.")
    at, sequence, previous_mac = _lock_and_find_last()
    key_id = settings.PII_KEYS[0][0]
    entry = Entry(
        sequence=sequence + 1,
        at=at,
        actor=str(AuditEntry.Actor.PERSON if user else actor),
        user_id=user.pk if user else None,
        action=str(action),
        run_number=run.pk,
        run_name=str(run),
        from_state=str(from_state),
        to_state=str(to_state),
        reason=reason,
        details=details or {},
        key_id=key_id,
        previous_mac=previous_mac,
    )
    entry = replace(entry, mac=compute_mac(entry, settings.AUDIT_KEYS))
    row = AuditEntry.objects.create(**asdict(entry))
    # robust: what is committed stays, though the disk be full; the next anchor covers this entry too
    transaction.on_commit(lambda: store_anchor(sequence=entry.sequence, mac=entry.mac), robust=True)
    return row


def _lock_and_find_last() -> tuple[datetime, int, str]:
    """The database's time, the number and the MAC of the last entry, which stays the last until the commit."""
    with connection.cursor() as cursor:
        # What the commit would check (foreign keys, sums) is checked now: those checks lock rows, and whoever waits for a row
        # while holding the lock below waits for somebody who waits for it. Deferred again for whatever comes after.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        # a statement of its own: the one that looks must begin after the lock is held, to see what others committed
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [AUDIT_LOCK])
        cursor.execute(LAST)
        at, sequence, mac = cursor.fetchone()
    return at, sequence or 0, mac or ""
