"""What was paid is history: ORM, admin and raw SQL as the application's own role all fail to change it."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.utils import InternalError
from django.test import Client

from apps.accounts.models import User
from apps.communities.models import Member
from apps.invoicing.models import AccountMovement, PayoutBatch, PayoutRun, PayoutTransfer
from tests.apps.invoicing.payout_rows import (
    NOW,
    TODAY,
    book,
    issue,
    make_batch,
    make_community,
    make_member,
    pay,
    send,
    send_back,
)

pytestmark = pytest.mark.django_db
REFUSED = (IntegrityError, InternalError, ProtectedError)


def _close() -> None:
    """Run the deferred checks now, as a commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _paid() -> PayoutBatch:
    """A confirmed batch of two transfers, one of them returned, and a second one with its file."""
    place = make_community()
    ada, ugo = make_member(place, "M1"), make_member(place, "M2")
    provisional = issue(place, {ada: 700, ugo: 100})
    batch = pay(place)
    send_back(batch, ada)
    issue(place, {ugo: 50}, kind="final", corrects=provisional)
    issue(place, {ugo: 900}, month=TODAY.replace(month=2))
    book(place)
    send(make_batch(place))
    _close()
    return batch


BATCH, TRANSFER, MOVEMENT = "invoicing_payoutbatch", "invoicing_payouttransfer", "invoicing_accountmovement"
COPY = "member_id, kind, run_id, transfer_id, cents, day, recorded_at"
ATTEMPTS = {
    "change a movement": f"UPDATE {MOVEMENT} SET cents = cents + 1 WHERE kind = 'transfer'",
    "the same movement again": f"UPDATE {MOVEMENT} SET cents = cents",
    "change no movement": f"UPDATE {MOVEMENT} SET cents = 1 WHERE id < 0",
    "delete a movement": f"DELETE FROM {MOVEMENT} WHERE kind = 'transfer'",
    "delete the credits": f"DELETE FROM {MOVEMENT} WHERE kind = 'credit'",
    "empty the accounts": f"TRUNCATE {MOVEMENT}",
    "empty accounts and what hangs on them": f"TRUNCATE {MOVEMENT} RESTART IDENTITY CASCADE",
    "overwrite a movement": f"""INSERT INTO {MOVEMENT} SELECT * FROM {MOVEMENT} ON CONFLICT (id) DO UPDATE SET cents = 1""",
    "merge a movement": f"MERGE INTO {MOVEMENT} m USING (SELECT 1) x ON true WHEN MATCHED THEN UPDATE SET cents = 1",
    "credit a run twice": f"INSERT INTO {MOVEMENT} ({COPY}) SELECT {COPY} FROM {MOVEMENT} WHERE kind = 'credit'",
    "credit out of nothing": f"""INSERT INTO {MOVEMENT} ({COPY})
        SELECT member_id, 'credit', NULL, NULL, 5, day, recorded_at FROM {MOVEMENT} LIMIT 1""",
    "credit another amount": f"""INSERT INTO {MOVEMENT} ({COPY}) SELECT m.id, 'credit', r.id, NULL, 5, now(), now()
        FROM communities_member m, settlement_settlementrun r WHERE m.code = 'M1' AND r.kind = 'final'""",
    "take a credit back that was never given": f"""INSERT INTO {MOVEMENT} ({COPY}) SELECT m.id, 'outside', r.id, NULL, -50,
        now(), now() FROM communities_member m, settlement_settlementrun r WHERE m.code = 'M1' AND r.kind = 'final'""",
    "debit a transfer twice": f"""INSERT INTO {MOVEMENT} ({COPY}) SELECT {COPY} FROM {MOVEMENT} WHERE kind = 'transfer'""",
    "debit what the bank did not execute": f"""INSERT INTO {MOVEMENT} ({COPY})
        SELECT member_id, 'transfer', NULL, id, - cents, now(), now() FROM {TRANSFER} WHERE state = 'sent'""",
    "return what did not come back": f"""INSERT INTO {MOVEMENT} ({COPY}) SELECT member_id, 'return', NULL, id, cents, now(), now()
        FROM {TRANSFER} WHERE state = 'executed'""",
    "return twice": f"INSERT INTO {MOVEMENT} ({COPY}) SELECT {COPY} FROM {MOVEMENT} WHERE kind = 'return'",
    "change the cents of a transfer": f"UPDATE {TRANSFER} SET cents = cents + 1, balance_cents = balance_cents + 1",
    "another account": f"UPDATE {TRANSFER} SET iban = 'x' WHERE state = 'sent'",
    "another member": f"UPDATE {TRANSFER} SET member_id = (SELECT min(id) FROM communities_member) WHERE state = 'sent'",
    "executed without the bank": f"UPDATE {TRANSFER} SET state = 'executed' WHERE state = 'sent'",
    "cancelled alone": f"UPDATE {TRANSFER} SET state = 'cancelled' WHERE state = 'sent'",
    "executed again": f"UPDATE {TRANSFER} SET state = 'executed' WHERE state = 'returned'",
    "sent again": f"UPDATE {TRANSFER} SET state = 'sent' WHERE state = 'executed'",
    "the same transfers again": f"UPDATE {TRANSFER} SET state = state",
    "returned without a movement": f"""UPDATE {TRANSFER} SET state = 'returned', returned_on = now(), return_code = 'AC04',
        returned_by_id = (SELECT min(id) FROM accounts_user), returned_at = now() WHERE state = 'executed'""",
    "delete transfers": f"DELETE FROM {TRANSFER}",
    "empty transfers": f"TRUNCATE {TRANSFER} CASCADE",
    "a transfer more": f"""INSERT INTO {TRANSFER} (batch_id, member_id, end_to_end_id, state, cents, balance_cents, held_cents,
        name, iban, text, return_code) SELECT b.id, m.id, 'x', 'planned', 700, 700, 0, '', '', '', '' FROM {BATCH} b,
        communities_member m WHERE b.state = 'ready' AND m.code = 'M1'""",
    "another total": f"UPDATE {BATCH} SET total_cents = total_cents + 1",
    "another file": f"UPDATE {BATCH} SET content = 'x', sha256 = repeat('0', 64) WHERE state = 'ready'",
    "the same batches again": f"UPDATE {BATCH} SET state = state",
    "back to draft": f"UPDATE {BATCH} SET state = 'draft', content = '', sha256 = '', size_bytes = 0, file_at = NULL",
    "downloaded by nobody": f"UPDATE {BATCH} SET downloaded_at = NULL, downloaded_by_id = NULL",
    "executed by its maker": f"""UPDATE {BATCH} SET state = 'executed', executed_by_id = created_by_id, executed_at = now(),
        executed_on = now(), bank_reference = 'x' WHERE state = 'ready'""",
    "executed without debits": f"""UPDATE {BATCH} SET state = 'executed', executed_at = now(), executed_on = now(),
        bank_reference = 'x', executed_by_id = (SELECT max(id) FROM accounts_user WHERE id <> created_by_id)
        WHERE state = 'ready'""",
    "discarded with its transfers on the way": f"""UPDATE {BATCH} SET state = 'discarded', discarded_at = now(),
        discard_reason = 'x', discarded_by_id = (SELECT max(id) FROM accounts_user WHERE id <> created_by_id)
        WHERE state = 'ready'""",
    "discarded after the execution": f"UPDATE {BATCH} SET state = 'discarded' WHERE state = 'executed'",
    "another reference": f"UPDATE {BATCH} SET bank_reference = 'x' WHERE state = 'executed'",
    "delete batches": f"DELETE FROM {BATCH}",
    "empty batches": f"TRUNCATE {BATCH} CASCADE",
    "release a run": "UPDATE invoicing_payoutrun SET released = true",
    "forget a run": "DELETE FROM invoicing_payoutrun",
    "empty the runs of batches": "TRUNCATE invoicing_payoutrun CASCADE",
    "take a run in again": """INSERT INTO invoicing_payoutrun (batch_id, run_id, released)
        SELECT (SELECT max(id) FROM invoicing_payoutbatch), run_id, false FROM invoicing_payoutrun""",
    "empty the members": "TRUNCATE communities_member CASCADE",
}
BY_ORM: dict[str, Callable[[PayoutBatch], object]] = {
    "save a movement": lambda batch: AccountMovement.objects.order_by("pk")[0].save(),
    "update movements": lambda batch: AccountMovement.objects.update(cents=1),
    "update movements in bulk": lambda batch: AccountMovement.objects.bulk_update(list(AccountMovement.objects.all()), ["cents"]),
    "delete a movement": lambda batch: AccountMovement.objects.order_by("pk")[0].delete(),
    "delete movements past the collector": lambda batch: AccountMovement.objects.all()._raw_delete("default"),
    "save the batch": lambda batch: batch.save(),
    "delete the batch": lambda batch: batch.delete(),
    "delete the batch past the collector": lambda batch: PayoutBatch.objects.filter(pk=batch.pk)._raw_delete("default"),
    "save a transfer": lambda batch: batch.transfers.order_by("pk")[0].save(),
    "update transfers": lambda batch: batch.transfers.update(cents=1),
    "delete transfers": lambda batch: batch.transfers.all().delete(),
    "delete transfers past the collector": lambda batch: PayoutTransfer.objects.all()._raw_delete("default"),
    "release the runs": lambda batch: batch.runs.update(released=True),
    "delete the runs": lambda batch: batch.runs.all().delete(),
    "delete a member": lambda batch: Member.objects.get(code="M1").delete(),
    "delete who confirmed it": lambda batch: User.objects.get(name="Bruno").delete(),
}


def _everything() -> list[list[tuple]]:
    """What stands in the columns, ciphertexts as they are."""
    found = []
    with connection.cursor() as cursor:
        for model in (AccountMovement, PayoutBatch, PayoutTransfer, PayoutRun):
            cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t ORDER BY id")
            found.append(cursor.fetchall())
    return found


def _by_sql(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_what_was_paid_cannot_be_changed_by_any_statement_nor_by_the_orm() -> None:
    batch = _paid()
    before = _everything()
    attempts: dict[str, Callable[[], object]] = {name: partial(_by_sql, sql) for name, sql in ATTEMPTS.items()}
    attempts |= {name: partial(attempt, batch) for name, attempt in BY_ORM.items()}
    assert len(attempts) >= 60
    passed = []
    for name, attempt in attempts.items():
        try:
            with transaction.atomic():
                attempt()
                _close()
                passed.append(name)
        except REFUSED:
            pass
        assert _everything() == before, name
    assert passed == []


@pytest.mark.parametrize("model", ["accountmovement", "payouttransfer", "payoutbatch", "payoutrun"])
def test_the_admin_offers_no_way_to_change_what_was_paid(model: str, settings, tmp_path) -> None:
    settings.STATIC_ROOT = tmp_path
    batch = _paid()
    root = User.objects.create_superuser("root@example.org", "x", name="Root")
    client = Client()
    client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    before = _everything()
    base = f"/ceradmin/invoicing/{model}/"
    number = batch.pk if model == "payoutbatch" else 1
    for tail in ("add/", f"{number}/change/", f"{number}/delete/", f"{number}/history/"):
        assert client.post(base + tail, {"post": "yes", "state": "draft", "cents": "1"}).status_code in (403, 404, 405)
    everything = {"action": "delete_selected", "_selected_action": [number], "post": "yes"}
    assert client.post(base, everything).status_code in (200, 302, 403, 404, 405)
    assert _everything() == before


def test_these_statements_are_made_by_the_role_of_the_application() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableowner = current_user FROM pg_tables WHERE tablename = '{MOVEMENT}'")
        assert cursor.fetchone() == (True,)


def test_a_batch_begins_as_a_draft() -> None:
    batch = _paid()
    batch.pk, batch.number, batch.message_id = None, 99, "x"
    with pytest.raises(REFUSED), transaction.atomic():
        batch.save(force_insert=True)


def test_a_transfer_is_the_balance_and_a_batch_the_sum_of_its_transfers() -> None:
    """The same rows with one cent more or less are refused, and pass as they should be."""
    place = make_community()
    ada = make_member(place, "M1")
    run = issue(place, {ada: 700})
    book(place)
    common = {
        "community": place.community, "execute_on": TODAY, "dialect": "iso", "payer": "{}", "created_at": NOW,
        "created_by": User.objects.get(name="Anna"), "transfers_count": 1,
    }  # fmt: skip

    def make(cents: int, total: int, held: int, runs: int) -> None:
        batch = PayoutBatch.objects.create(number=1, message_id="x", total_cents=total, **common)
        PayoutRun.objects.bulk_create([PayoutRun(batch=batch, run=run)] * runs)
        PayoutTransfer.objects.create(
            batch=batch,
            member=ada,
            end_to_end_id="x",
            cents=cents,
            balance_cents=cents + held,
            held_cents=held,
            name="A",
            iban="I",
        )
        _close()

    wrong = [(701, 701, 0, 0), (699, 699, 0, 0), (700, 700, 0, 0), (699, 699, 1, 0)]
    wrong += [(701, 701, 0, 1), (699, 699, 0, 1), (700, 701, 0, 1), (700, 699, 0, 1), (699, 699, 1, 1)]
    for attempt in wrong:
        with pytest.raises(REFUSED), transaction.atomic():
            make(*attempt)
    make(700, 700, 0, 1)


def test_before_there_is_a_batch_the_same_tables_can_be_changed() -> None:
    """Negative control: what stops the statements above are the rows, not a fault in them."""
    make_community()
    with connection.cursor() as cursor:
        for attempt in ("delete transfers", "delete batches", "the same batches again", "forget a run"):
            cursor.execute(ATTEMPTS[attempt])


def test_without_its_trigger_a_movement_is_changed_by_the_same_statement() -> None:
    """Negative control: the statements themselves are sound."""
    _paid()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {MOVEMENT} DISABLE TRIGGER USER")
        cursor.execute(ATTEMPTS["delete a movement"])
        assert cursor.rowcount == 2
        cursor.execute(f"ALTER TABLE {TRANSFER} DISABLE TRIGGER USER")
        cursor.execute(ATTEMPTS["cancelled alone"])
        assert cursor.rowcount == 1
