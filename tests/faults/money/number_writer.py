"""One process that issues real invoices until its quota is full; some it rolls back, and somebody may kill it at any moment.

`prepare` makes an issuer with a customer and prints their ids; `write` issues. Each number that the database acknowledged is
appended to a truth file as `A number`, each one that was rolled back as `R number`.
"""

import argparse
import json
import os
import random
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from apps.communities.models import Community  # noqa: E402
from apps.invoicing.invoices import drafts, issuing  # noqa: E402
from apps.invoicing.invoices.content import digest  # noqa: E402
from apps.invoicing.invoices.models import Customer, Invoice  # noqa: E402

AS_OF = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
_LINE = drafts.LineFacts(text="Quota di gestione", unit_price_eur=Decimal("12.50"), quantity=Decimal(4), vat_percent=Decimal(22))


class RolledBack(Exception):
    """A transaction that changes its mind after it took a number."""


def prepare() -> dict[str, int]:
    place = {"street": "Piazza 1", "postcode": "12051", "town": "Alba", "province": "CN"}
    issuer = Community.objects.create(
        code=f"CHAOS-{time.time_ns()}", name="CER", tax_code="90012340049", vat_number="00743110157", **place
    )
    customer = Customer.objects.create(community=issuer, name="Forno S.r.l.", vat_number="00743110157", **place)
    return {"issuer": issuer.pk, "customer": customer.pk}


def write(*, issuer: int, customer: int, name: str, quota: int, rollback_percent: int, seed: int, truth: Path) -> None:
    chance = random.Random(seed)
    done = Invoice.objects.filter(issuer=issuer, note=name, state="issued").count()
    with truth.open("a", buffering=1) as told:
        while done < quota:
            number = 0
            try:
                with transaction.atomic():
                    number = _issue(issuer, customer, name)
                    if chance.randrange(100) < rollback_percent:
                        raise RolledBack
            except RolledBack:
                told.write(f"R {number}\n")
                continue
            told.write(f"A {number}\n")
            done += 1


def _issue(issuer: int, customer: int, name: str) -> int:
    draft = drafts.save_draft(issuer_id=issuer, customer_id=customer, lines=[_LINE], saved_by=None, as_of=AS_OF, note=name)
    seen = digest(issuing.get_preview(invoice_id=draft.pk, as_of=AS_OF))
    invoice = issuing.issue_invoice(invoice_id=draft.pk, issued_by=None, seen_sha256=seen, as_of=AS_OF)
    return invoice.number or 0


def _from_sequence(**_named: object) -> int:
    """The mistake that leaves gaps: a sequence does not roll back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('chaos_numbers')")
        return int(cursor.fetchone()[0])


def _max_plus_one(*, issuer_id: int, year: int, series: str) -> int:
    """The mistake that makes duplicates: two transactions see the same last number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(number), 0) + 1 FROM invoicing_invoice WHERE issuer_id = %s AND year = %s AND series = %s",
            [issuer_id, year, series],
        )
        return int(cursor.fetchone()[0])


MISTAKES = {"sequence": _from_sequence, "max_plus_one": _max_plus_one}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["prepare", "write"])
    parser.add_argument("--issuer", type=int)
    parser.add_argument("--customer", type=int)
    parser.add_argument("--name")
    parser.add_argument("--quota", type=int)
    parser.add_argument("--rollback-percent", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--mistake", default="", choices=["", *MISTAKES])
    options = vars(parser.parse_args())
    what, mistake = options.pop("what"), options.pop("mistake")
    if what == "prepare":
        print(json.dumps(prepare()))
        return
    if mistake:
        vars(issuing)["take_number"] = MISTAKES[mistake]
    write(**options)


if __name__ == "__main__":
    main()
