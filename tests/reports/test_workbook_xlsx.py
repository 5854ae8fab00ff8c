"""The accountant's workbook, read back: real numbers and dates, totals that foot, texts that stay texts."""

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from reports import formats
from reports.documents import Check, WorkbookDocument
from reports.workbook_values import column_letter, ratio, safe_text
from reports.workbook_xlsx import SHEETS, render
from tests.reports import months
from tests.reports.samples import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
HEADER, FIRST = 4, 5  # as a person counts rows


@pytest.fixture(scope="module")
def document() -> WorkbookDocument:
    return months.workbook()


@pytest.fixture(scope="module")
def rendered(document) -> bytes:
    return render(document)


@pytest.fixture(scope="module")
def values(rendered):
    """The workbook as a program that does not calculate sees it: the cached values."""
    return openpyxl.load_workbook(io.BytesIO(rendered), data_only=True)


@pytest.fixture(scope="module")
def formulas(rendered):
    return openpyxl.load_workbook(io.BytesIO(rendered))


def column(sheet: Worksheet, heading: str) -> list[object]:
    """The data below a heading."""
    headings = [cell.value for cell in sheet[HEADER]]
    number = headings.index(heading) + 1
    return [sheet.cell(row, number).value for row in range(FIRST, sheet.max_row + 1)]


def total(sheet: Worksheet, heading: str) -> object:
    return sheet.cell(2, [cell.value for cell in sheet[HEADER]].index(heading) + 1).value


def cents(value: object) -> int:
    assert isinstance(value, int | float)
    return round(value * 100)


def wh(value: object) -> int:
    assert isinstance(value, int | float)
    return round(value * 1000)


def test_the_six_sheets_in_order(values):
    assert tuple(values.sheetnames) == SHEETS == ("Riepilogo", "Soci", "Impianti", "Energia oraria", "Movimenti", "Controlli")


def test_members_are_there_to_the_cent_and_the_wh(values, document):
    sheet = values["Soci"]
    assert column(sheet, "Codice") == [member.code for member in document.members]
    for heading, field in (
        ("Tariffa premio (€)", "premium_cents"),
        ("Valorizzazione (€)", "valorisation_cents"),
        ("Eccedentario (€)", "excess_cents"),
        ("Totale (€)", "total_cents"),
    ):
        expected = [getattr(member, field) for member in document.members]
        assert [cents(value) for value in column(sheet, heading)] == expected
        assert cents(total(sheet, heading)) == sum(expected)
    for heading, field in (
        ("Prelevata (kWh)", "withdrawn_wh"),
        ("Immessa (kWh)", "injected_wh"),
        ("Condivisa (kWh)", "shared_wh"),
    ):
        expected = [getattr(member, field) for member in document.members]
        assert [wh(value) for value in column(sheet, heading)] == expected
        assert wh(total(sheet, heading)) == sum(expected)


def test_plants_are_there_with_real_dates_and_shares(values, document):
    sheet = values["Impianti"]
    assert column(sheet, "Codice") == [plant.code for plant in document.plants]
    since = column(sheet, "In esercizio dal")
    assert since == [datetime.combine(plant.entered_operation_on, datetime.min.time()) for plant in document.plants]
    assert column(sheet, "Contributo pubblico") == [0, 0, 0.3]
    assert column(sheet, "Potenza (kW)") == [40, 99.9, 250.5]
    assert [cents(value) for value in column(sheet, "Premio (€)")] == [plant.premium_cents for plant in document.plants]
    assert column(sheet, "Perché senza premio") == ["impianto preesistente", None, None]
    for plant, average in zip(document.plants, column(sheet, "Tariffa media (€/MWh)"), strict=True):
        if plant.incentivised_wh:
            assert average == pytest.approx(plant.premium_cents * 10_000 / plant.incentivised_wh, abs=1e-7)


def test_every_hour_is_there_with_its_instant(values, document):
    sheet = values["Energia oraria"]
    assert sheet.max_row == HEADER + 745  # October
    local = column(sheet, "Ora locale")
    assert local[0] == "01/10/2023 00:00 (+02:00)"
    assert local[28 * 24 + 2 : 28 * 24 + 4] == ["29/10/2023 02:00 (+02:00)", "29/10/2023 02:00 (+01:00)"]
    assert local[-1] == "31/10/2023 23:00 (+01:00)"
    instants = column(sheet, "Inizio (UTC)")
    assert instants == [hour.astype("datetime64[s]").item() for hour in document.hours_utc]
    headings = [
        "Immessa (kWh)",
        "Prelevata (kWh)",
        "Condivisa (kWh)",
        *(f"Usata di {plant.code} (kWh)" for plant in document.plants),
    ]
    arrays = [document.injected_wh, document.withdrawn_wh, document.shared_wh, *document.taken_wh]
    for heading, array in zip(headings, arrays, strict=True):
        assert [wh(value) for value in column(sheet, heading)] == array.tolist()
        assert wh(total(sheet, heading)) == int(array.sum())


def test_every_posting_is_there(values, document):
    sheet = values["Movimenti"]
    assert [cents(value) for value in column(sheet, "Importo (€)")] == [line.cents for line in document.lines]
    assert [cents(value) for value in column(sheet, "Da ripartire (€)")] == [line.block_cents for line in document.lines]
    assert column(sheet, "Socio") == [line.member or None for line in document.lines]
    assert cents(total(sheet, "Importo (€)")) == document.premium_cents + document.valorisation_cents + document.excess_cents
    steps = column(sheet, "Passaggio")
    assert steps[0] == "trattenuta"
    assert "consumatori, per energia condivisa" in steps
    shares = column(sheet, "Quota")
    assert shares[0] == 0.1
    for line, share in zip(document.lines, shares, strict=True):
        if line.weight_total:
            assert share == pytest.approx(line.weight / line.weight_total, abs=1e-8)


def test_the_summary_foots(values, document):
    sheet = values["Riepilogo"]
    rows = {str(row[0].value): [cell.value for cell in row[1:5]] for row in sheet.iter_rows() if row[0].value}
    assert str(rows["Mese"][0]) == "2023-10-01 00:00:00"
    assert rows["Ore del mese"][0] == "745"
    assert rows["Ore di misura mancanti"][0] == "7"
    assert wh(rows["Condivisa"][0]) == int(document.shared_wh.sum())
    amount, members, accounts, difference = (cents(value) for value in rows["Totale"])
    assert amount == document.premium_cents + document.valorisation_cents + document.excess_cents
    assert members == sum(member.total_cents for member in document.members)
    assert members + accounts == amount
    assert difference == 0
    assert cents(rows["gestione"][0]) + cents(rows["sportello energia"][0]) + cents(rows["fondo sociale"][0]) == accounts
    assert rows["Impronta del risultato"][0] == document.result_sha256


def test_the_checks_are_calculated_and_pass(values, formulas, document):
    sheet = values["Controlli"]
    verdicts = dict(zip(column(sheet, "Controllo"), column(sheet, "Esito"), strict=True))
    assert verdicts.pop("Ore mancanti") == "ERRORE"
    assert verdicts.pop("Ore di misura mancanti, contate come 0: IT001E00000002") == "DA GUARDARE"
    assert set(verdicts.values()) == {"OK"}
    assert len(verdicts) == 8
    assert str(formulas["Controlli"]["E5"].value).startswith("=IF(")


def test_a_workbook_that_does_not_foot_says_so(document):
    member = replace(document.members[0], premium_cents=document.members[0].premium_cents + 1)
    broken = replace(
        document,
        members=(member, *document.members[1:]),
        shared_wh=document.shared_wh + np.int64(1),
        checks=(Check("Impronta", "abc", "abd", "text"), Check("Somma", 100, 101, "eur")),
    )
    sheet = openpyxl.load_workbook(io.BytesIO(render(broken)), data_only=True)["Controlli"]
    verdicts = dict(zip(column(sheet, "Controllo"), column(sheet, "Esito"), strict=True))
    for name in (
        "Impronta",
        "Somma",
        "Soci: i totali sono la somma dei loro movimenti",
        "Soci: l'energia condivisa è la somma delle ore",
    ):
        assert verdicts[name] == "ERRORE"
    assert verdicts["Movimenti: la somma è quella delle voci"] == "OK"
    differences = dict(zip(column(sheet, "Controllo"), column(sheet, "Differenza"), strict=True))
    assert differences["Somma"] == 0.01


def test_totals_are_formulas_over_all_the_rows(formulas, document):
    expected = {
        "Soci": (len(document.members), "L"),
        "Impianti": (len(document.plants), "O"),
        "Energia oraria": (745, "E"),
        "Movimenti": (len(document.lines), "H"),
    }
    for name, (count, letter) in expected.items():
        assert formulas[name][f"{letter}2"].value == f"=SUM({letter}{FIRST}:{letter}{FIRST + count - 1})"


def test_every_cached_value_is_what_the_formula_gives(values, formulas):
    """The plain sums and references are worked out here; a full calculation follows where LibreOffice is at hand."""
    worked = 0
    for name in SHEETS:
        for row in formulas[name].iter_rows():
            for cell in row:
                formula, cached = cell.value, values[name][cell.coordinate].value
                if isinstance(formula, str) and (found := re.fullmatch(r"=SUM\(([A-Z]+)(\d+):([A-Z]+)(\d+)\)", formula)):
                    cells = values[name][f"{found[1]}{found[2]}" : f"{found[3]}{found[4]}"]
                    assert cached == pytest.approx(sum(one.value or 0 for line in cells for one in line), abs=1e-6), cell
                    worked += 1
                elif isinstance(formula, str) and (found := re.fullmatch(r"='?([\w ]+)'?!([A-Z]+\d+)", formula)):
                    assert cached == values[found[1]][found[2]].value, cell
                    worked += 1
    assert worked > 25


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed: formulas are not calculated again")
@pytest.mark.slow
def test_another_program_calculates_the_same_values(rendered, values, tmp_path):
    """The cached values are taken out, LibreOffice calculates, and comes to the same."""
    emptied = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(rendered)) as source, zipfile.ZipFile(emptied, "w") as target:
        for item in source.namelist():
            content = source.read(item)
            if item.startswith("xl/worksheets/"):
                content = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
            target.writestr(item, content)
    (tmp_path / "in.xlsx").write_bytes(emptied.getvalue())
    command = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
    ]
    subprocess.run(
        [*command, "--outdir", str(tmp_path / "out"), str(tmp_path / "in.xlsx")], check=True, capture_output=True, timeout=120
    )
    again = openpyxl.load_workbook(tmp_path / "out" / "in.xlsx", data_only=True)
    compared = 0
    for name in SHEETS:
        for row in values[name].iter_rows():
            for cell in row:
                other = again[name][cell.coordinate].value
                if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
                    assert other == pytest.approx(cell.value, abs=1e-6), (name, cell.coordinate)
                    compared += 1
                elif isinstance(cell.value, str) and cell.value in ("OK", "ERRORE"):
                    assert other == cell.value, (name, cell.coordinate)
                    compared += 1
    assert compared > 745 * 6


@pytest.mark.parametrize(
    "attack",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        '=HYPERLINK("http://x","y")',
        HOSTILE,
        "<r><t>x</t></r>",
        "x" * 5_000,
        "https://example.com",
        "123",
        "_x003D_1+1",
    ],
)
def test_no_text_becomes_a_formula_a_link_a_number_or_markup(document, attack):
    members = (replace(document.members[0], code=attack, name=attack, kind=attack, tax_code=attack), *document.members[1:])
    plants = (replace(document.plants[0], code=attack, pod=attack, source=attack, region=attack), *document.plants[1:])
    lines = (replace(document.lines[0], account=attack, block=attack), *document.lines[1:])
    checks = (Check(attack, attack, attack, "text"),)
    hostile = replace(
        document,
        issuer=replace(document.issuer, name=attack, tax_code=attack),
        state=attack,
        members=members,
        plants=plants,
        lines=lines,
        checks=checks,
    )
    book = openpyxl.load_workbook(io.BytesIO(render(hostile)))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.hyperlink is None
                if cell.data_type == "f":
                    assert re.match(
                        r"=(SUM|SUMIFS|SUMPRODUCT|ROUND|IF|'Energia oraria'!|Impianti!|Soci!|Movimenti!)", str(cell.value)
                    )
    for cell in (book["Soci"]["A5"], book["Soci"]["B5"], book["Riepilogo"]["A1"], book["Controlli"]["A5"]):
        assert cell.data_type in ("s", "inlineStr")
        written = str(cell.value).replace("_x005F_", "_")  # how the format writes a "_x" that is not an escape
        assert written.rstrip() == safe_text(attack).rstrip()
    if safe_text(attack).startswith(("=", "+", "-", "@")):
        assert book["Soci"]["B5"].quotePrefix


def test_the_sheets_are_set_up_to_be_read_and_printed(formulas):
    for name in SHEETS:
        sheet = formulas[name]
        assert sheet.page_setup.paperSize == 9
        assert sheet.page_setup.fitToWidth in (None, 1)  # one page wide
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "pagina &P di &N" in sheet.oddFooter.right.text or "&P" in str(sheet.oddFooter.right.text)
    for name in SHEETS[1:]:
        assert formulas[name].freeze_panes == "B5"
        assert formulas[name].print_title_rows == "$4:$4"
        assert formulas[name].auto_filter.ref.startswith("A4:")
    assert formulas["Soci"].column_dimensions["B"].width > 30


def test_numbers_and_dates_have_formats_that_follow_the_readers_country(formulas):
    assert formulas["Soci"]["L5"].number_format.startswith("#,##0.00_)")
    assert formulas["Soci"]["E5"].number_format.startswith("#,##0.000")
    assert formulas["Energia oraria"]["B5"].number_format == "dd/mm/yyyy hh:mm"
    assert formulas["Impianti"]["H5"].number_format == "dd/mm/yyyy"


def test_numbers_stand_in_the_file_as_the_exact_decimals(rendered, document):
    with zipfile.ZipFile(io.BytesIO(rendered)) as archive:
        sheet = archive.read("xl/worksheets/sheet4.xml").decode()
    first = document.injected_wh[0]
    assert f"<v>{Decimal(int(first)).scaleb(-3)}</v>" in sheet
    assert not re.search(r"<v>\d+\.\d{4,}</v>(?!.*t=)", re.sub(r'<c r="B\d+"[^>]*><v>[^<]*</v></c>', "", sheet))


def test_a_draft_says_so(document):
    sheet = openpyxl.load_workbook(io.BytesIO(render(replace(document, approved=""))))["Riepilogo"]
    assert sheet["A3"].value == "BOZZA – non approvato"
    approved = openpyxl.load_workbook(io.BytesIO(render(document)))["Riepilogo"]
    assert approved["A3"].value is None


def test_the_same_document_gives_the_same_bytes_everywhere(document, rendered):
    assert render(document) == rendered
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1])\n"
        "from tests.reports import months\n"
        "from reports.workbook_xlsx import render\n"
        "print(hashlib.sha256(render(months.workbook())).hexdigest())"
    )
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    environment |= {"PYTHONHASHSEED": "3", "TZ": "America/Lima", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], env=environment, cwd="/", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == sha256(rendered).hexdigest()


def test_a_month_without_members_plants_and_postings_still_opens(document):
    empty = replace(document, members=(), plants=(), lines=(), missing=(), checks=(), taken_wh=document.taken_wh[:0])
    book = openpyxl.load_workbook(io.BytesIO(render(empty)), data_only=True)
    assert tuple(book.sheetnames) == SHEETS
    assert book["Soci"]["L2"].value == 0


def test_letters_and_ratios():
    assert [column_letter(number) for number in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert ratio(1, 3) == Decimal("0.33333333")
    assert ratio(2, 3) == Decimal("0.66666667")
    assert ratio(-1, 2) == Decimal("-0.5")
    assert formats.plain("x") == "x"
