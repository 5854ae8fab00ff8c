"""What is issued or printed is history: ORM, admin and raw SQL as the application's own role all fail to change it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.utils import InternalError

from apps.communities.models import Community
from apps.invoicing.invoices import drafts
from apps.invoicing.invoices.files import list_waiting_files
from apps.invoicing.invoices.models import Customer, Invoice, InvoiceFile, InvoiceLine, NumberSeries
from apps.invoicing.models import IssuedDocument
from tasks.invoices import render_invoice_files
from tests.apps.invoicing.invoices import AS_OF, issue, make_customer, make_draft, make_issuer
from tests.doors.portal.rows import make_configuration, make_member, make_month, make_statement

pytestmark = pytest.mark.django_db
REFUSED = (IntegrityError, InternalError)
TABLES = (Invoice, InvoiceLine, InvoiceFile, NumberSeries, Customer, IssuedDocument)


class NotRefused(Exception):
    """An attempt went through; raised so that it is rolled back."""


@dataclass
class World:
    """An issued and printed invoice (with its credit note), a draft, and the ready and waiting documents of a run."""

    invoice: Invoice
    credit: Invoice
    draft: Invoice
    ready: IssuedDocument
    waiting: IssuedDocument


@pytest.fixture
def world(settings, tmp_path) -> World:
    settings.DATA_DIR = tmp_path
    issuer = make_issuer()
    customer = make_customer(issuer, member="M9")
    invoice = issue(make_draft(customer))
    credit = issue(drafts.draft_credit_note(invoice_id=invoice.pk, reason="Errore", drafted_by=None, as_of=AS_OF))
    render_invoice_files(list_waiting_files(invoice_id=invoice.pk))
    configuration = make_configuration()
    members = [make_member(configuration, code) for code in ("A", "B")]
    run = make_month(configuration, AS_OF.date().replace(day=1), members)
    ready, waiting = make_statement(run, members[0]), make_statement(run, members[1], content=None, state="pending")
    draft = make_draft(customer)
    close()
    return World(invoice, credit, draft, ready, waiting)


def close() -> None:
    """Run the deferred checks now, as a commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


ISSUED = "WHERE state = 'issued'"
OF_ISSUED = "invoice_id IN (SELECT id FROM invoicing_invoice WHERE state = 'issued')"
ATTEMPTS = {
    "another total": f"UPDATE invoicing_invoice SET total_cents = 1 {ISSUED}",
    "another content": f"UPDATE invoicing_invoice SET frozen = 'x' {ISSUED}",
    "another hash": f"UPDATE invoicing_invoice SET frozen_sha256 = repeat('0', 64) {ISSUED}",
    "another number": f"UPDATE invoicing_invoice SET number = number + 5 {ISSUED}",
    "another series": f"UPDATE invoicing_invoice SET series = 'X' {ISSUED}",
    "another year": f"UPDATE invoicing_invoice SET year = 2025, issued_on = '2025-01-01' {ISSUED}",
    "another day": f"UPDATE invoicing_invoice SET issued_on = issued_on + 1 {ISSUED}",
    "another issuer": f"UPDATE invoicing_invoice SET issuer_id = issuer_id {ISSUED}",
    "another customer": f"UPDATE invoicing_invoice SET customer_id = customer_id {ISSUED}",
    "back to a draft": f"""UPDATE invoicing_invoice
        SET state = 'draft', number = NULL, year = NULL, issued_on = NULL, issued_at = NULL, frozen = '' {ISSUED}""",
    "without what it voids": "UPDATE invoicing_invoice SET voids_id = NULL, kind = 'TD01' WHERE kind = 'TD04'",
    "the same values again": f"UPDATE invoicing_invoice SET note = note {ISSUED}",
    "delete an invoice": f"DELETE FROM invoicing_invoice {ISSUED}",
    "delete the credit note": "DELETE FROM invoicing_invoice WHERE kind = 'TD04'",
    "overwrite by conflict": f"""INSERT INTO invoicing_invoice SELECT * FROM invoicing_invoice {ISSUED}
        ON CONFLICT (id) DO UPDATE SET note = 'x'""",
    "move by merging": """MERGE INTO invoicing_invoice i USING (SELECT 1) x ON i.state = 'issued'
        WHEN MATCHED THEN UPDATE SET note = 'x'""",
    "empty the invoices": "TRUNCATE invoicing_invoice CASCADE",
    "change a line": f"UPDATE invoicing_invoiceline SET net_cents = 1 WHERE {OF_ISSUED}",
    "the same line again": f"UPDATE invoicing_invoiceline SET text = text WHERE {OF_ISSUED}",
    "delete a line": f"DELETE FROM invoicing_invoiceline WHERE {OF_ISSUED}",
    "move a line to a draft": f"""UPDATE invoicing_invoiceline
        SET invoice_id = (SELECT id FROM invoicing_invoice WHERE state = 'draft'), position = 9 WHERE {OF_ISSUED}""",
    "move a line of a draft in": """UPDATE invoicing_invoiceline
        SET invoice_id = (SELECT max(id) FROM invoicing_invoice WHERE state = 'issued'), position = 9
        WHERE invoice_id IN (SELECT id FROM invoicing_invoice WHERE state = 'draft')""",
    "add a line": """INSERT INTO invoicing_invoiceline
        (invoice_id, position, text, quantity, unit, unit_price_eur, vat_percent, nature, net_cents)
        SELECT id, 9, 'x', 1, '', 1, 22, '', 100 FROM invoicing_invoice WHERE state = 'issued'""",
    "empty the lines": "TRUNCATE invoicing_invoiceline",
    "another file": "UPDATE invoicing_invoicefile SET path = 'x' WHERE state = 'ready'",
    "another file hash": "UPDATE invoicing_invoicefile SET sha256 = repeat('0', 64) WHERE state = 'ready'",
    "the file waits again": "UPDATE invoicing_invoicefile SET state = 'pending' WHERE state = 'ready'",
    "another time": "UPDATE invoicing_invoicefile SET rendered_at = now() WHERE state = 'ready'",
    "a waiting file of another invoice": """UPDATE invoicing_invoicefile
        SET invoice_id = (SELECT id FROM invoicing_invoice WHERE state = 'draft') WHERE state = 'pending'""",
    "delete a ready file": "DELETE FROM invoicing_invoicefile WHERE state = 'ready'",
    "delete a waiting file": "DELETE FROM invoicing_invoicefile WHERE state = 'pending'",
    "empty the files": "TRUNCATE invoicing_invoicefile",
    "the counter back": "UPDATE invoicing_numberseries SET last = last - 1",
    "the counter by two": "UPDATE invoicing_numberseries SET last = last + 2",
    "the counter by one": "UPDATE invoicing_numberseries SET last = last + 1",
    "the counter at rest": "UPDATE invoicing_numberseries SET last = last",
    "the counter of another year": "UPDATE invoicing_numberseries SET year = 2027, last = last + 1",
    "delete the counter": "DELETE FROM invoicing_numberseries",
    "a counter that begins late": """INSERT INTO invoicing_numberseries (issuer_id, year, series, last)
        SELECT issuer_id, 2030, '', 4 FROM invoicing_numberseries""",
    "empty the counters": "TRUNCATE invoicing_numberseries",
    "whose the invoice is": "UPDATE invoicing_customer SET member_id = NULL",
    "another community of the customer": """UPDATE invoicing_customer
        SET community_id = (SELECT id FROM communities_community WHERE code = 'CER-ALBA')""",
    "delete the customer": "DELETE FROM invoicing_customer",
    "empty the customers": "TRUNCATE invoicing_customer CASCADE",
    "empty the communities": "TRUNCATE communities_community CASCADE",
    "a statement's content": "UPDATE invoicing_issueddocument SET frozen = 'x' WHERE state = 'ready'",
    "a statement's file": "UPDATE invoicing_issueddocument SET path = 'x' WHERE state = 'ready'",
    "a statement's hash": "UPDATE invoicing_issueddocument SET sha256 = repeat('0', 64) WHERE state = 'ready'",
    "a statement's member": "UPDATE invoicing_issueddocument SET member_id = member_id WHERE state = 'ready'",
    "a statement waits again": "UPDATE invoicing_issueddocument SET state = 'failed', sha256 = '' WHERE state = 'ready'",
    "what a waiting statement says": "UPDATE invoicing_issueddocument SET frozen = 'x' WHERE state = 'pending'",
    "whose a waiting statement is": """UPDATE invoicing_issueddocument
        SET member_id = (SELECT min(id) FROM communities_member) WHERE state = 'pending'""",
    "a waiting statement's name": "UPDATE invoicing_issueddocument SET reference = 'x' WHERE state = 'pending'",
    "delete a statement": "DELETE FROM invoicing_issueddocument WHERE state = 'ready'",
    "delete a waiting statement": "DELETE FROM invoicing_issueddocument WHERE state = 'pending'",
    "empty the statements": "TRUNCATE invoicing_issueddocument CASCADE",
}
BY_ORM: dict[str, Callable[[World], object]] = {
    "save an invoice": lambda world: world.invoice.save(),
    "update invoices": lambda world: Invoice.objects.filter(state="issued").update(note="x"),
    "delete an invoice": lambda world: Invoice.objects.get(pk=world.credit.pk).delete(),
    "delete invoices": lambda world: Invoice.objects.all().delete(),
    "delete past the collector": lambda world: Invoice.objects.filter(state="issued")._raw_delete("default"),
    "insert an issued one": lambda world: Invoice.objects.bulk_create([_issued_by_stealth(world.invoice)]),
    "save a line": lambda world: world.invoice.lines.get().save(),
    "delete lines": lambda world: world.invoice.lines.all().delete(),
    "add lines in bulk": lambda world: InvoiceLine.objects.bulk_create(
        [InvoiceLine(invoice=world.invoice, position=9, text="x", unit_price_eur=1, nature="N1", net_cents=100)]
    ),
    "save a file": lambda world: world.invoice.files.get(kind="pdf").save(),
    "delete files": lambda world: world.invoice.files.all().delete(),
    "save a counter": lambda world: NumberSeries.objects.get().save(),
    "delete a counter": lambda world: NumberSeries.objects.all().delete(),
    "delete the customer": lambda world: world.invoice.customer.delete(),
    "delete the issuer": lambda world: Community.objects.get(code="CER-F").delete(),
    "save a statement": lambda world: world.ready.save(),
    "delete statements": lambda world: IssuedDocument.objects.all().delete(),
    "update statements in bulk": lambda world: IssuedDocument.objects.bulk_update([world.ready], ["size_bytes"]),
}


def _issued_by_stealth(like: Invoice) -> Invoice:
    return Invoice(
        issuer=like.issuer, customer=like.customer, state="issued", year=2026, number=3, issued_on=like.issued_on,
        issued_at=AS_OF, created_at=AS_OF, frozen="x", frozen_sha256="x",
    )  # fmt: skip


def everything() -> list[list[tuple]]:
    return [list(model.objects.order_by("pk").values_list()) for model in TABLES]


def test_what_is_issued_cannot_be_changed_by_any_statement(world: World) -> None:
    def run(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    assert _not_refused({name: partial(run, sql) for name, sql in ATTEMPTS.items()}, REFUSED) == []


def test_what_is_issued_cannot_be_changed_by_the_orm(world: World) -> None:
    attempts = {name: partial(attempt, world) for name, attempt in BY_ORM.items()}
    assert _not_refused(attempts, (*REFUSED, ProtectedError)) == []


def _not_refused(attempts: Mapping[str, Callable[[], object]], refusals: tuple[type[Exception], ...]) -> list[str]:
    """The attempts that the database let pass, or that changed a row all the same. Each begins from the same rows."""
    before, passed = everything(), []
    for name, attempt in attempts.items():
        try:
            with transaction.atomic():
                attempt()
                close()
                raise NotRefused
        except refusals:
            pass
        except NotRefused:
            passed.append(name)
        if everything() != before:
            passed.append(f"{name}: rows changed")
    return passed


def test_these_statements_are_made_by_the_role_of_the_application() -> None:
    assert len(ATTEMPTS) + len(BY_ORM) >= 30
    with connection.cursor() as cursor:
        tables = ("invoice", "invoiceline", "invoicefile", "numberseries", "customer", "issueddocument")
        owned = "SELECT count(*) FROM pg_tables WHERE tablename = ANY(%s) AND tableowner = current_user"
        cursor.execute(owned, [[f"invoicing_{name}" for name in tables]])
        assert cursor.fetchone() == (6,)


def test_a_credit_note_over_another_amount_is_refused(world: World) -> None:
    other = issue(make_draft(world.invoice.customer))
    credit = drafts.draft_credit_note(invoice_id=other.pk, reason="Errore", drafted_by=None, as_of=AS_OF)
    Invoice.objects.filter(pk=credit.pk).update(total_cents=1)
    with pytest.raises(IntegrityError, match="as a whole"), transaction.atomic():
        issue(credit)


def test_the_same_statements_pass_on_what_is_not_issued(world: World) -> None:
    """Negative control: what stops the statements above is the state, not a fault in them."""
    with connection.cursor() as cursor:
        for name in ("another total", "change a line", "delete a line"):
            savepoint = transaction.savepoint()
            cursor.execute(ATTEMPTS[name].replace("'issued'", "'draft'"))
            assert cursor.rowcount == 1
            transaction.savepoint_rollback(savepoint)
        cursor.execute("UPDATE invoicing_issueddocument SET state = 'failed', error = 'x' WHERE state = 'pending'")
        assert cursor.rowcount == 1
        cursor.execute(
            "UPDATE invoicing_invoicefile SET state = 'ready', path = 'x', sha256 = 'x', rendered_at = now() "
            "WHERE state = 'pending'"
        )
        assert cursor.rowcount == 2
    close()
    world.draft.delete()
    assert not Invoice.objects.filter(state="draft").exists()


def test_without_the_triggers_the_statements_do_their_harm(world: World) -> None:
    """Negative control: the harness sees a change when nobody refuses it."""
    before = everything()
    with connection.cursor() as cursor:
        for table in ("invoice", "invoiceline", "invoicefile", "numberseries", "customer", "issueddocument"):
            cursor.execute(f"ALTER TABLE invoicing_{table} DISABLE TRIGGER USER")
        for name in ("another total", "change a line", "another file", "the counter by two", "a statement's file"):
            cursor.execute(ATTEMPTS[name])
            after = everything()
            assert after != before, name
            before = after
