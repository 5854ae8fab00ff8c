"""The short cut for long tables: the same bytes as by the public way, and the public way with any other version."""

from dataclasses import replace

import pytest

from reports import workbook_cells
from reports.workbook_rows import can_write_directly
from reports.workbook_values import Column, Figure
from reports.workbook_xlsx import render
from tests.reports import months
from tests.reports.samples import HOSTILE


def test_the_short_cut_writes_the_same_bytes_as_the_public_way(monkeypatch):
    """If this fails after an upgrade of XlsxWriter: change `_KNOWN_VERSION` so that the public way is taken, then measure."""
    document = months.workbook()
    odd = ["=1+1", "<r>x</r>", HOSTILE, "a & b", "_x0041_", "x" * 300, 'say "so"', "\u00a0blank\u00a0", "日本", "1.5", ""]
    members = tuple(replace(document.members[0], code=f"M{index:05d}", name=name) for index, name in enumerate(odd))
    documents = [
        document,
        replace(document, members=members),
        replace(document, members=(), plants=(), lines=(), missing=(), checks=(), taken_wh=document.taken_wh[:0]),
    ]
    directly = [render(one) for one in documents]
    monkeypatch.setattr(workbook_cells, "can_write_directly", lambda columns: False)
    assert [render(one) for one in documents] == directly


def test_another_version_or_a_mixed_column_takes_the_public_way(monkeypatch):
    assert can_write_directly([Column("a", 1), Column("b", 1, "euro")])
    assert not can_write_directly([Column("a", 1), Column("b", 1, "any")])
    import xlsxwriter

    monkeypatch.setattr(xlsxwriter, "__version__", "4.0.0")
    assert not can_write_directly([Column("a", 1)])


@pytest.mark.parametrize("direct", [True, False])
def test_a_row_too_few_is_an_error(monkeypatch, direct):
    from reports import workbook_sheets

    monkeypatch.setattr(workbook_cells, "can_write_directly", lambda columns: direct)
    document = months.workbook()
    monkeypatch.setattr(workbook_sheets, "len", lambda rows: 3, raising=False)
    with pytest.raises(ValueError, match="was announced with 3 rows"):
        render(document)


def test_a_figure_brings_its_own_kind():
    assert Figure(5, "euro").kind == "euro"
