"""The reconciliation to take away: exact numbers, empty where unknown, hostile texts harmless, the same bytes every time."""

import io
from datetime import date

import openpyxl

from apps.engine.inputs import Contribution
from reports.documents.reconciliation import ReconciliationDocument, ReconciliationRow
from reports.reconciliation import render_csv, render_xlsx

ROW = ReconciliationRow(
    month=date(2023, 3, 1),
    contribution=Contribution.PREMIUM,
    own_cents=123_456,
    expected_advance_cents=495_00,
    advance_cents=495_00,
    true_up_cents=None,
    gse_cents=495_00,
    bank_cents=None,
    gse_difference_cents=-73_956,
    bank_difference_cents=None,
    outcome="aperta",
    reasons="=HYPERLINK(1)",
)
DOCUMENT = ReconciliationDocument("@CER", "CER-A", 2023, date(2024, 7, 1), (ROW,))


def test_csv_in_italian_conventions() -> None:
    header, row = render_csv(DOCUMENT).decode("utf-8-sig").splitlines()
    assert header.startswith("Mese;Contributo;Calcolo proprio (€);Acconto atteso (€)")
    assert row == "03/2023;Tariffa premio;1234,56;495,00;495,00;;495,00;;-739,56;;aperta;'=HYPERLINK(1)"


def test_the_workbook_has_real_numbers_and_texts_that_stay_texts() -> None:
    content = render_xlsx(DOCUMENT)
    assert content == render_xlsx(DOCUMENT)
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Riconciliazione"]
    cells = [cell.value for cell in sheet[5]]
    assert cells[1:10] == ["Tariffa premio", 1234.56, 495, 495, None, 495, None, -739.56, None]
    assert (sheet["L5"].value, sheet["L5"].data_type) == ("=HYPERLINK(1)", "s")


def test_a_year_without_months_is_an_empty_table() -> None:
    empty = ReconciliationDocument("CER", "CER-A", 2019, date(2024, 7, 1), ())
    assert len(render_csv(empty).splitlines()) == 1
    assert openpyxl.load_workbook(io.BytesIO(render_xlsx(empty)))["Riconciliazione"].max_row >= 4
