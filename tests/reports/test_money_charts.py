"""Amounts per month as a picture: what is not known is a gap, what is below zero hangs, texts are escaped."""

import re

import pytest

from reports.money_charts import BANK, OWN, Amounts, side_by_side


def draw(*series: Amounts, labels: tuple[str, ...] = ("gen", "feb")) -> str:
    return side_by_side(labels, series, title="Titolo <b>", description="Descrizione")


def bars(svg: str, color: str) -> int:
    """How many bars a colour has, without the square of the legend."""
    paths: list[str] = re.findall(rf'<path d="([^"]*)" fill="{color}"/>', svg)
    return sum(data.count("z") for data in paths) - 1


def test_each_known_amount_is_a_bar_and_an_unknown_one_is_none() -> None:
    svg = draw(Amounts("proprio", [100_00, None], OWN), Amounts("banca", [50_00, -20_00], BANK))
    assert bars(svg, OWN) == 1
    assert bars(svg, BANK) == 2
    assert ">−50<" in svg, "the axis reaches below zero"


def test_texts_are_escaped_and_nothing_runs() -> None:
    svg = draw(Amounts("<script>", [1, 2], OWN))
    assert "<b>" not in svg
    assert "<script" not in svg
    assert "style=" not in svg


def test_a_year_of_nothing_is_drawn_without_bars() -> None:
    svg = draw(Amounts("proprio", [None, 0], OWN))
    assert svg.startswith("<svg")
    assert bars(svg, OWN) == 0


def test_series_of_another_length_are_a_fault() -> None:
    with pytest.raises(ValueError, match="2 slots"):
        draw(Amounts("proprio", [1], OWN))
