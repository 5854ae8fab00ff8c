"""Pictures of quarters: every text escaped, no script or style, what is not known is not drawn as known."""

import re

import pytest

from reports.charts import Series, Words
from reports.quarter_charts import NOT_YET, QUALITY_COLORS, energy_of_quarters, power_of_quarters, quality_strip

NAMES = ("measured", "estimated", "suspect", "missing")
HOSTILE = '<script>alert("x")</script>'


def path_of(svg: str, color: str, attribute: str = "fill") -> list[str]:
    return [part for part in re.findall(r"<path [^>]+>", svg) if f'{attribute}="{color}"' in part]


def test_texts_are_escaped_and_nothing_is_styled():
    words = Words(HOSTILE, HOSTILE, axis=HOSTILE)
    for svg in (
        energy_of_quarters([1], [0], [HOSTILE], (HOSTILE,) * 4, words),
        power_of_quarters([Series(HOSTILE, [1], "#000000", shape="line")], [HOSTILE], words),
        quality_strip([0], title=HOSTILE),
    ):
        assert "<script" not in svg
        assert "style=" not in svg
        assert "&lt;script&gt;" in svg


def test_each_quality_has_its_colour_in_bar_and_strip():
    svg = energy_of_quarters([100, 200, 300, 0], [0, 1, 2, 3], [""] * 4, NAMES, Words("t", "d"))
    # legend, bar and strip of the first three; legend and strip of what is missing
    assert [len(path_of(svg, color)) for color in QUALITY_COLORS] == [3, 3, 3, 2]


def test_quarters_that_have_not_ended_are_not_drawn():
    svg = energy_of_quarters([0, 0], [NOT_YET, NOT_YET], ["", ""], NAMES, Words("t", "d"))
    assert [len(path_of(svg, color)) for color in QUALITY_COLORS] == [1, 1, 1, 1]


def test_power_is_level_through_a_quarter_and_interrupted_where_unknown():
    svg = power_of_quarters([Series("a", [1000, 2000, None, 1000], "#123456", shape="line")], [""] * 4, Words("t", "d"))
    (line,) = path_of(svg, "#123456", "stroke")
    drawn = re.findall(r"[MVH]", line.partition('d="')[2].partition('"')[0])
    assert drawn == ["M", "H", "V", "H", "M", "H"]


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="3 values, 2 classes"):
        energy_of_quarters([1, 2, 3], [0, 0], ["", "", ""], NAMES, Words("t", "d"))
    with pytest.raises(ValueError, match="1 values for 2 quarters"):
        power_of_quarters([Series("a", [1], "#000000", shape="line")], ["", ""], Words("t", "d"))
