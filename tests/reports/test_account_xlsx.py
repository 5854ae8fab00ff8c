"""The statement of account as a workbook says what the CSV says, in numbers that a program adds up."""

import io
from datetime import date

import openpyxl

from reports import account_csv, account_xlsx
from reports.documents.account import AccountDocument, AccountRow

MEMBER = AccountDocument(
    "M1",
    "=Rossi",
    (
        AccountRow(date(2023, 3, 1), "Mese 02/2023", 123_456, 123_456),
        AccountRow(date(2023, 3, 5), "Bonifico, distinta n. 1", -123_450, 6),
    ),
)
FUND = AccountDocument("fund", "Fondo", (AccountRow(date(2023, 3, 1), "Mese 02/2023", 300, 300, "Tariffa premio"),))


def test_every_line_of_the_csv_stands_in_the_workbook_with_numbers_and_totals() -> None:
    content = account_xlsx.render(MEMBER, FUND, title="Conti di CER Alba")
    assert content == account_xlsx.render(MEMBER, FUND, title="Conti di CER Alba")
    sheet = openpyxl.load_workbook(io.BytesIO(content), data_only=True)["Conti"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5, max_row=7)]
    assert [[*row[:2], str(row[2])[:10], *row[5:]] for row in rows] == [
        ["M1", "=Rossi", "2023-03-01", None, 1234.56, 1234.56],
        ["M1", "=Rossi", "2023-03-05", 1234.5, None, 0.06],
        ["fund", "Fondo", "2023-03-01", None, 3, 3],
    ]
    assert [sheet["F2"].value, sheet["G2"].value] == [1234.5, 1237.56]
    assert sheet["B5"].data_type == "s"
    assert len(account_csv.render(MEMBER, FUND).splitlines()) == 1 + len(rows)


def test_an_account_without_lines_is_an_empty_table() -> None:
    content = account_xlsx.render(title="Conti di CER Alba")
    assert openpyxl.load_workbook(io.BytesIO(content))["Conti"]["A4"].value == "Conto"
