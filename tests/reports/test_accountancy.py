"""The books at the press: random postings foot in the workbook and in CSV, and no text becomes a formula."""

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.inputs import Contribution
from apps.invoicing.accountancy.journal import PayeeSum, post_run
from reports import accountancy_csv, accountancy_xlsx
from reports.accountancy_csv import text_of
from reports.documents.accountancy import AccountRow, BooksDocument, MemberRow, MonthRow, MovementRow, RunFacts, Stream
from reports.documents.journal import JournalLine
from reports.errors import JournalDoesNotBalance
from tests.reports.samples import ISSUER

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)
RUN = RunFacts("CER-A", date(2024, 3, 1), 7, "provisional", 1, date(2024, 4, 20))
AMOUNTS = st.integers(-(10**11), 10**11)
TEXTS = st.one_of(st.text(max_size=30), st.sampled_from(["=1+1", "+39", "@x", ";", '"', "\r\n", "\u202e", "</r>", "y" * 3_000]))


@st.composite
def books(draw: st.DrawFn) -> BooksDocument:
    """Random postings of three contributions to three members and two accounts."""
    payees = [("M1", ""), ("M2", ""), ("M3", ""), ("", "management"), ("", draw(TEXTS) or "x")]
    posted = [(kind, *payee, draw(AMOUNTS)) for kind in Contribution for payee in payees if draw(st.booleans())]
    name = draw(TEXTS)
    months = []
    for kind in Contribution:
        members = sum(one[3] for one in posted if one[0] is kind and one[1])
        accounts = sum(one[3] for one in posted if one[0] is kind and not one[1])
        months.append(MonthRow(RUN, kind, members + accounts, members, accounts))
    people = [
        MemberRow(RUN.month, code, name, "household", 1, 2_000, 3, *_three(posted, code), "CER-A") for code in ("M1", "M2", "M3")
    ]
    sums = [PayeeSum(kind.value, member, name, account, amount) for kind, member, account, amount in posted]
    lines = [
        JournalLine(
            posting.day,
            posting.document,
            posting.holder,
            max(posting.cents, 0),
            max(-posting.cents, 0),
            posting.text,
            Contribution(posting.contribution),
            posting.name,
            posting.account_key,
        )
        for posting in post_run(day=LAST, document="D", text=name, sums=sums)
    ]
    movements = [
        MovementRow(RUN, number, kind, "consumers", "equal", member, name if member else "", account, "4010.1", amount, amount)
        for number, (kind, member, account, amount) in enumerate(posted)
    ]
    return BooksDocument(
        issuer=ISSUER,
        scope=f"CER {name}",
        first_day=FIRST,
        last_day=LAST,
        months=tuple(months),
        accounts=tuple(AccountRow("CER-A", RUN.month, one[2], "2010", name, one[0], one[3]) for one in posted if not one[1]),
        members=Stream(lambda: people, 3),
        year_members=Stream(lambda: people, 3),
        movements=Stream(lambda: movements, len(movements)),
        journal=Stream(lambda: lines, len(lines)),
        members_wh=(3, 6_000, 9),
        members_cents=tuple(sum(_of(posted, kind, code) for code in ("M1", "M2", "M3")) for kind in Contribution),  # type: ignore[arg-type]
    )


def _three(posted: list[tuple[Contribution, str, str, int]], code: str) -> tuple[int, int, int]:
    premium, valorisation, excess = (_of(posted, kind, code) for kind in Contribution)
    return premium, valorisation, excess


def _of(posted: list[tuple[Contribution, str, str, int]], kind: Contribution, code: str) -> int:
    return sum(one[3] for one in posted if one[0] is kind and one[1] == code)


def printed(render: Any, document: BooksDocument) -> bytes:
    output = io.BytesIO()
    render(document, output)
    return output.getvalue()


def cents(value: Any) -> int:
    return round(Decimal(str(value).replace(",", ".")) * 100) if value not in (None, "") else 0


@settings(max_examples=40, deadline=None)
@given(books())
def test_every_total_of_the_workbook_is_the_sum_of_its_rows_and_of_the_ledger(document: BooksDocument) -> None:
    content = printed(accountancy_xlsx.render, document)
    ledger = sum(row.amount_cents for row in document.months)
    to_members = sum(row.members_cents for row in document.months)
    wanted = {
        ("Riepilogo", "Importo (€)"): ledger,
        ("Soci per mese", "Totale (€)"): to_members,
        ("Soci per anno", "Totale (€)"): to_members,
        ("Conti", "Importo (€)"): ledger - to_members,
        ("Movimenti", "Importo (€)"): ledger,
    }
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    for (sheet, title), total in wanted.items():
        rows = list(book[sheet].iter_rows(min_row=4, values_only=True))
        column = rows[0].index(title)
        assert sum(cents(row[column]) for row in rows[1:]) == total
        assert cents(book[sheet].cell(2, column + 1).value) == total
    journal = [row for row in book["Prima nota"].iter_rows(min_row=5, values_only=True) if row[0]]
    assert sum(cents(row[7]) for row in journal) == sum(cents(row[8]) for row in journal)
    assert min((cents(cell) for row in journal for cell in row[7:9]), default=0) >= 0
    assert {row[3] for row in book["Controlli"].iter_rows(min_row=5, values_only=True) if row[0]} == {"torna"}
    formulas = openpyxl.load_workbook(io.BytesIO(content))
    in_rows = [cell for page in formulas for row in page.iter_rows(min_row=5) for cell in row if cell.data_type == "f"]
    assert in_rows == []


@settings(max_examples=40, deadline=None)
@given(books())
def test_the_csv_sums_to_the_ledger_and_has_no_formula(document: BooksDocument) -> None:
    with zipfile.ZipFile(io.BytesIO(printed(accountancy_csv.render, document))) as archive:
        tables = {
            name: list(csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline=""), delimiter=";"))
            for name in archive.namelist()
        }
    ledger = sum(row.amount_cents for row in document.months)
    for name in ("riepilogo.csv", "movimenti.csv"):
        column = tables[name][0].index("Importo (€)")
        assert sum(cents(row[column]) for row in tables[name][1:]) == ledger
    for rows in tables.values():
        assert len({len(row) for row in rows}) == 1
        for cell in (cell for row in rows[1:] for cell in row):
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or cell[1:].replace(",", "").isdigit()


@settings(max_examples=10, deadline=None)
@given(books())
def test_the_same_books_are_the_same_bytes(document: BooksDocument) -> None:
    for render in (accountancy_csv.render, accountancy_xlsx.render):
        assert printed(render, document) == printed(render, document)


@given(
    st.lists(
        st.builds(
            PayeeSum,
            contribution=st.sampled_from([kind.value for kind in Contribution]),
            member=st.sampled_from(["M1", "M2"]),
            name=st.just("x"),
            account=st.just(""),
            cents=AMOUNTS,
        ),
        max_size=8,
    )
)
def test_a_run_balances_on_the_accounts_of_each_contribution(sums: list[PayeeSum]) -> None:
    postings = list(post_run(day=LAST, document="D", text="", sums=sums))
    assert all(posting.cents for posting in postings)
    for kind in Contribution:
        mine = [posting for posting in postings if posting.contribution == kind.value]
        assert sum(posting.cents for posting in mine) == 0
        assert {posting.account_key for posting in mine} <= {f"gse:{kind.value}", f"members:{kind.value}"}
        of_members = sum(posting.cents for posting in mine if posting.holder != "gse")
        assert -of_members == sum(one.cents for one in sums if one.contribution == kind.value)


def test_books_whose_journal_does_not_balance_are_not_printed() -> None:
    line = JournalLine(LAST, "D", "gse", 1, 0, "")
    nothing: Stream[Any] = Stream(list, 0)
    journal = Stream(lambda: [line], 1)
    document = BooksDocument(ISSUER, "CER", FIRST, LAST, (), (), nothing, nothing, nothing, journal, (0, 0, 0), (0, 0, 0))
    for render in (accountancy_csv.render, accountancy_xlsx.render):
        with pytest.raises(JournalDoesNotBalance, match="'D' does not balance"):
            printed(render, document)


def _peak_of(render: Any, rows: int, path: Path) -> int:
    """Bytes of memory at the peak while a year with so many movements is written."""

    def movements() -> Iterator[MovementRow]:
        for number in range(rows):
            yield MovementRow(RUN, number, Contribution.PREMIUM, "consumers", "equal", f"M{number}", "x", "", "4010.1", 1, 1)

    def lines() -> Iterator[JournalLine]:
        yield JournalLine(LAST, "D", "gse", rows, 0, "")
        for number in range(rows):
            yield JournalLine(LAST, "D", f"M{number}", 0, 1, "")

    nothing: Stream[Any] = Stream(list, 0)
    months = (MonthRow(RUN, Contribution.PREMIUM, rows, rows, 0),)
    streams = (Stream(movements, rows), Stream(lines, 0))
    document = BooksDocument(ISSUER, "CER", FIRST, LAST, months, (), nothing, nothing, *streams, (0, 0, 0), (rows, 0, 0))
    tracemalloc.start()
    try:
        with path.open("w+b") as output:
            render(document, output)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("render", [accountancy_csv.render, accountancy_xlsx.render])
def test_memory_does_not_grow_with_the_rows_of_a_year(render: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A movement more costs nothing, once the press has learnt the texts that come again; a list of them would cost 2 MB."""
    monkeypatch.setattr("reports.workbook_rows._CACHED_TEXTS", 100)
    small, large = (_peak_of(render, rows, tmp_path / "books") for rows in (1_000, 6_000))
    assert large < small + 300_000


@pytest.mark.parametrize(
    ("cell", "kind", "text"),
    [
        (-5, "euro", "-0,05"),
        (123_456_78, "euro", "123456,78"),
        (-1_500, "kwh", "-1,500"),
        (999, "kwh", "0,999"),
        (date(2024, 3, 9), "day", "09/03/2024"),
        (date(2024, 3, 1), "month", "03/2024"),
        (None, "day", ""),
        (12, "count", "12"),
        ("-SUM(A1)", "text", "'-SUM(A1)"),
    ],
)
def test_a_cell_is_written_as_italian_programs_read_it(cell: Any, kind: str, text: str) -> None:
    assert text_of(cell, kind) == text
