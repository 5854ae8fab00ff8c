"""The accountant's journal: it balances, it reads back equal, and no text becomes a formula."""

import csv
import io
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.inputs import Contribution
from reports import journal_csv, journal_xlsx, words
from reports.csv_text import euro, safe
from reports.documents.journal import JournalDocument, JournalLine
from reports.errors import JournalDoesNotBalance
from reports.workbook_values import safe_text
from tests.reports.samples import ISSUER

FIRST, LAST = date(2024, 3, 1), date(2024, 3, 31)
PREMIUM = Contribution.PREMIUM
LINES = (
    JournalLine(date(2024, 3, 5), "GSE 2024-02", "bank", 1_234_56, 0, "Acconto GSE febbraio", PREMIUM, "", "1010", "=Banca"),
    JournalLine(date(2024, 3, 5), "GSE 2024-02", "gse", 0, 1_234_56, "Acconto GSE febbraio", PREMIUM),
    JournalLine(date(2024, 3, 31), "CER-ALBA-A/2024-02/v1", "management", 0, 123_46, "Trattenuta 10 %", PREMIUM),
    JournalLine(date(2024, 3, 31), "CER-ALBA-A/2024-02/v1", "M00012", 0, 7, "Quota; condivisa", PREMIUM, "Lucia Ferrero"),
    JournalLine(date(2024, 3, 31), "CER-ALBA-A/2024-02/v1", "gse", 123_53, 0, '=HYPERLINK("http://x")', None, "+39 @cmd"),
)
JOURNAL = JournalDocument(ISSUER, FIRST, LAST, LINES)


def table(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


def sheet(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))["Prima nota"]


def cents(text: str) -> int:
    assert "." not in text
    return int(Decimal(text.replace(",", ".")) * 100) if text else 0


def test_the_csv_is_italian():
    rows = table(journal_csv.render(JOURNAL))
    assert rows[0] == [
        *("Data", "Documento", "Codice conto", "Conto", "Conto separato", "Intestatario", "Nome", "Dare", "Avere", "Descrizione")
    ]
    assert rows[1] == [
        *("05/03/2024", "GSE 2024-02", "1010", "'=Banca", "Tariffa premio", "bank", "", "1234,56", "", "Acconto GSE febbraio")
    ]
    assert rows[4][5:] == ["M00012", "Lucia Ferrero", "", "0,07", "Quota; condivisa"]
    assert rows[3][5] == "gestione"
    assert rows[5][2:5] == ["", "", ""]
    assert rows[5][6:] == ["'+39 @cmd", "123,53", "", '\'=HYPERLINK("http://x")']


def test_the_workbook_has_real_days_and_numbers_and_its_totals_foot():
    page = sheet(journal_xlsx.render(JOURNAL))
    assert [cell.value for cell in page[4]] == [
        *("Data", "Documento", "Codice conto", "Conto", "Conto separato", "Intestatario", "Nome"),
        *("Dare (€)", "Avere (€)", "Descrizione"),
    ]
    assert page["A5"].value == datetime(2024, 3, 5)  # noqa: DTZ001
    assert (page["H5"].value, page["I5"].value) == (1234.56, None)
    assert (page["C5"].value, page["D5"].value, page["D5"].data_type) == ("1010", "=Banca", "s")
    assert page["J9"].value == '=HYPERLINK("http://x")'
    assert page["J9"].data_type == "s"
    assert page["H2"].value == "=SUM(H5:H9)"
    cached = openpyxl.load_workbook(io.BytesIO(journal_xlsx.render(JOURNAL)), data_only=True)["Prima nota"]
    assert (cached["H2"].value, cached["I2"].value) == (1358.09, 1358.09)


def test_a_quiet_period_is_a_journal_without_lines():
    empty = replace(JOURNAL, lines=())
    assert len(table(journal_csv.render(empty))) == 1
    assert sheet(journal_xlsx.render(empty))["H2"].value == "=SUM(H5:H5)"


@pytest.mark.parametrize("render", [journal_csv.render, journal_xlsx.render])
def test_the_same_journal_makes_the_same_bytes(render):
    assert render(JOURNAL) == render(replace(JOURNAL))


def with_line(**changes):
    return replace(JOURNAL, lines=(replace(LINES[0], **changes), *LINES[1:]))


@pytest.mark.parametrize("render", [journal_csv.render, journal_xlsx.render])
@pytest.mark.parametrize(
    ("journal", "said"),
    [
        (with_line(debit_cents=1_234_57), "'GSE 2024-02' does not balance"),
        (with_line(debit_cents=0), "Line 1"),
        (with_line(credit_cents=1), "Line 1"),
        (with_line(debit_cents=-1), "Line 1"),
        (with_line(day=date(2024, 4, 1)), "outside the period"),
        (with_line(document="another"), "'another' does not balance"),
        (replace(JOURNAL, lines=LINES[:1]), "debit minus credit is 123456 cents"),
    ],
)
def test_books_that_do_not_balance_are_not_printed(render, journal, said):
    with pytest.raises(JournalDoesNotBalance, match=said):
        render(journal)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\x00=", "\u202e=", "|", "%"])
def test_no_text_becomes_a_formula(start):
    written = safe(f"{start}cmd|' /C calc'!A0")
    assert written.startswith("'")
    assert safe("Quota = 1") == "Quota = 1"
    assert len(safe("x" * 5_000)) == 250


@pytest.mark.parametrize(("amount", "written"), [(0, "0,00"), (5, "0,05"), (123_456_78, "123456,78"), (-7, "-0,07")])
def test_euros_have_a_comma_and_no_thousands(amount, written):
    assert euro(amount) == written


TEXTS = st.one_of(st.text(max_size=40), st.sampled_from(["<script>", "=1+1", '"', ";", "\r\n", "\u202eabc", "\x00", "y" * 5_000]))


@st.composite
def journals(draw):
    """Documents that balance: one debit against one to three credits."""
    lines = []
    for number in range(draw(st.integers(0, 6))):
        day = FIRST + timedelta(days=draw(st.integers(0, 30)))
        parts = draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=3))
        contribution = draw(st.sampled_from([None, *Contribution]))
        document, text, name = f"D{number} {draw(TEXTS)}", draw(TEXTS), draw(TEXTS)
        lines.append(JournalLine(day, document, "gse", sum(parts), 0, text, contribution, name))
        lines += [JournalLine(day, document, f"M{index}", 0, part, text, contribution, name) for index, part in enumerate(parts)]
    return JournalDocument(ISSUER, FIRST, LAST, tuple(lines))


@settings(max_examples=60, deadline=None)
@given(journals())
def test_debit_equals_credit_and_every_value_reads_back(journal):
    rows = table(journal_csv.render(journal))[1:]
    assert sum(cents(row[7]) for row in rows) == sum(cents(row[8]) for row in rows) == journal.debit_cents == journal.credit_cents
    assert [(row[0], cents(row[7]), cents(row[8])) for row in rows] == [
        (f"{line.day:%d/%m/%Y}", line.debit_cents, line.credit_cents) for line in journal.lines
    ]
    assert [[row[1], row[6], row[9]] for row in rows] == [
        [safe(line.document), safe(line.name), safe(line.text)] for line in journal.lines
    ]
    assert [row[4] for row in rows] == [
        words.CONTRIBUTIONS[line.contribution] if line.contribution else "" for line in journal.lines
    ]


@settings(max_examples=25, deadline=None)
@given(journals())
def test_the_workbook_reads_back_equal_too(journal):
    page = sheet(journal_xlsx.render(journal))
    found = list(page.iter_rows(min_row=5, max_row=4 + len(journal.lines), max_col=10, values_only=True)) if journal.lines else []
    exact = [
        (row[0].date(), *(int(Decimal(str(value)) * 100) if value is not None else 0 for value in row[7:9]), row[9] or "")
        for row in found
    ]
    assert exact == [(line.day, line.debit_cents, line.credit_cents, safe_text(line.text)) for line in journal.lines]
