"""One cent moved, in one of the five places: what the comparison must notice."""

import copy
import io
import json
from collections import Counter
from collections.abc import Callable

from django.db import connection, transaction
from openpyxl import load_workbook

from reports import statement_pdf
from tasks.exports import statement_from
from tests.totals.making import Issued, write_transfers
from tests.totals.reading import compare


def in_ledger(issued: Issued) -> None:
    """From one posting to another of the same contribution, past the guards: the sums still close."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE settlement_ledgerentry DISABLE TRIGGER USER")
        cursor.execute(
            """UPDATE settlement_ledgerentry SET cents = cents + CASE WHEN id = moved.low THEN 1 ELSE -1 END
               FROM (SELECT min(id) AS low, max(id) AS high FROM settlement_ledgerentry
                      WHERE run_id = %s AND member_id IS NOT NULL
                      GROUP BY contribution HAVING count(DISTINCT member_id) > 1 LIMIT 1) moved
               WHERE id IN (moved.low, moved.high)""",
            [issued.run.pk],
        )
        assert cursor.rowcount == 2
        cursor.execute("ALTER TABLE settlement_ledgerentry ENABLE TRIGGER USER")


def in_statements(issued: Issued) -> None:
    issued.frozen[_first(issued)]["shares"][0]["amount_cents"] += 1


def in_workbook(issued: Issued) -> None:
    """In the cell of a posting; the file is written again as a spreadsheet program would."""
    book = load_workbook(io.BytesIO(issued.workbook), data_only=True)
    for row in book["Movimenti"].iter_rows(min_row=4):
        if row[2].value in issued.frozen and isinstance(row[7].value, int | float):
            row[7].value = round(row[7].value + 0.01, 2)
            break
    file = io.BytesIO()
    book.save(file)
    issued.workbook = file.getvalue()


def in_transfers(issued: Issued) -> None:
    issued.transfers = write_transfers(issued.run, extra={_first(issued): 1})


def in_pdf(issued: Issued) -> None:
    code = _first(issued)
    content = json.loads(json.dumps(issued.frozen[code]))
    content["shares"][0]["amount_cents"] += 1
    issued.pdfs[code] = statement_pdf.render(statement_from(content))


MOVES: dict[str, Callable[[Issued], None]] = {
    "ledger": in_ledger,
    "statements": in_statements,
    "workbook": in_workbook,
    "transfers": in_transfers,
    "pdf": in_pdf,
}


def is_fit(issued: Issued) -> bool:
    """Do two members get something of one contribution, so that a cent can be moved between them?"""
    got = Counter(
        share["contribution"] for said in issued.frozen.values() for share in said["shares"] if share["amount_cents"] > 0
    )
    return max(got.values(), default=0) > 1


def control(issued: Issued) -> dict[str, int]:
    """Move a cent in each place in turn, and take it back; returns how many differences were noticed then."""
    noticed = {}
    for place, move in MOVES.items():
        moved = copy.copy(issued)
        moved.frozen, moved.pdfs = copy.deepcopy(issued.frozen), dict(issued.pdfs)
        with transaction.atomic():
            move(moved)
            noticed[place] = len(compare(moved))
            transaction.set_rollback(True)
    return noticed


def _first(issued: Issued) -> str:
    """A member who gets something."""
    return next(
        code for code, said in sorted(issued.frozen.items()) if sum(share["amount_cents"] for share in said["shares"]) > 0
    )
