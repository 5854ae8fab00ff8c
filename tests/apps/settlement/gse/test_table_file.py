"""Hostile and broken files end in a sentence; cells become exact values or are refused."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from apps.settlement.gse import table_file
from apps.settlement.gse.cells import read_cents, read_day, read_month
from apps.settlement.gse.errors import CellRefused, FileRefused
from apps.settlement.gse.table_file import header_of, read_table
from tests.apps.settlement.gse.files import workbook


def archive(**parts: bytes) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return output.getvalue()


def rewritten(content: bytes, name: str, new: bytes) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in old.namelist():
            packed.writestr(part, new if part == name else old.read(part))
    return output.getvalue()


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"  \n \n", "is empty"),
        (b";;;\n;;\n", "has no rows"),
        (b"%PDF-1.7 ...", "neither CSV nor XLSX"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "neither CSV nor XLSX"),
        (b"a;b\x00c", "neither CSV nor XLSX"),
        (b'a;"b\nc', "is not CSV"),
        (b"PK\x03\x04 broken", "damaged"),
        (archive(**{"hello.txt": b"x"}), "damaged"),
        (b"a;" + b"x" * 501, "more than 500 characters"),
        (b";".join([b"x"] * 61), "more than 60 columns"),
        (b"x\n" * 20_001, "more than 20000 rows"),
        (b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
        (rewritten(workbook(["a"]), "xl/workbook.xml", BOMB), "a document type"),
        (rewritten(workbook(["a"]), "xl/worksheets/sheet1.xml", BOMB), "a document type"),
        (rewritten(workbook(["a"]), "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"), "damaged"),
        (archive(**{"a.xml": b"0" * (49 * 1024 * 1024)}), "unpacks into more"),
        (archive(**{f"{number}.xml": b"" for number in range(501)}), "unpacks into more"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(content, reason):
    with pytest.raises(FileRefused, match=reason):
        read_table(content)


def test_a_sheet_that_claims_a_million_rows_is_read_as_far_as_it_has_cells():
    huge = workbook(["a", 1])
    with zipfile.ZipFile(io.BytesIO(huge)) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml")
    claimed = sheet.replace(b'ref="A1:B1"', b'ref="A1:XFD1048576"')
    assert claimed != sheet
    assert read_table(rewritten(huge, "xl/worksheets/sheet1.xml", claimed)).rows == ((1, ("a", 1)),)


def test_a_file_that_lies_about_its_size_is_stopped_while_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(table_file, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(FileRefused, match="unpacks into more"):
        read_table(workbook(["a"]))


@pytest.mark.parametrize("make", [lambda: workbook(["a", 1], ["b", 2]), lambda: b"a;1\nb;2\n"])
def test_a_file_with_too_many_cells_is_refused_before_the_rest_is_read(make, monkeypatch):
    monkeypatch.setattr(table_file, "MAX_CELLS", 4)
    assert len(read_table(make()).rows) == 2
    monkeypatch.setattr(table_file, "MAX_CELLS", 3)
    with pytest.raises(FileRefused, match="more than 3 cells"):
        read_table(make())


def test_delimiter_encoding_and_lines_are_found_out():
    table = read_table("Mese\tImporto €\n\n2023-03\t1,00\n".encode("cp1252"))
    assert table.rows == ((1, ("Mese", "Importo €")), (3, ("2023-03", "1,00")))
    assert header_of(table, 1) == ["Mese", "Importo €"]
    assert read_table(b'a,"b\nc",d\ne,f,g\n').rows == ((1, ("a", "b\nc", "d")), (3, ("e", "f", "g")))
    assert header_of(read_table(b"a;a;\n;;x\n"), 1) == ["a", "a (B)", "#C"]


@pytest.mark.parametrize(
    ("cell", "comma", "cents"),
    [
        ("1.234,56", True, 123456),
        ("1234,5", True, 123450),
        ("€ 1.234.567,00", True, 123456700),
        ("-0,01", True, -1),
        ("−0,01", True, -1),
        ("12,00-", True, -1200),
        ("(12,00)", True, -1200),
        ("+1", True, 100),
        ("1,234.56", False, 123456),
        ("1234.5 EUR", False, 123450),
        (7, True, 700),
        (Decimal("0.300000"), True, 30),
    ],
)
def test_amounts(cell, comma, cents):
    assert read_cents(cell, decimal_comma=comma) == cents


@pytest.mark.parametrize(
    ("cell", "comma"),
    [("1.23", True), ("1,23", False), ("1,2,3", True), ("--1", True), ("1e3", True), ("NaN", True), ("٣", True), ("", True),
     (None, True), (date(2023, 1, 1), True), (Decimal("0.001"), True), ("1" * 20, True)],
)  # fmt: skip
def test_what_is_no_amount(cell, comma):
    with pytest.raises(CellRefused):
        read_cents(cell, decimal_comma=comma)


@pytest.mark.parametrize(
    ("cell", "first"),
    [("2023-03", 3), ("03/2023", 3), ("3.2023", 3), ("202303", 3), ("marzo 2023", 3), ("Mar-2023", 3), ("March 2023", 3),
     (date(2023, 3, 9), 3), ("09/03/2023", 3), ("2023-03-09", 3), ("20230309", 3)],
)  # fmt: skip
def test_months(cell, first):
    assert read_month(cell, day_first=True) == date(2023, first, 1)


def test_days_follow_the_order_that_the_mapping_says():
    assert read_day("04/05/2023", day_first=True) == date(2023, 5, 4)
    assert read_day("04/05/2023", day_first=False) == date(2023, 4, 5)
    assert read_day("2023-05-04T00:00:00", day_first=False) == date(2023, 5, 4)
    for cell in ("5/13/2023", "1/1/23", "x", None, "0000-00-00", "1899-01-01"):
        with pytest.raises(CellRefused):
            read_day(cell, day_first=True)
