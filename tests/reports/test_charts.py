"""Pictures of energy: well-formed, inert, and as high as the numbers."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import numpy as np
import pytest

from reports import charts, svg
from reports.charts import CompletenessWords, Series, Words

SVG = "{http://www.w3.org/2000/svg}"
WORDS = Words("Energia <del> mese", 'descrizione "piena" & vera')
CLASSES = ("tutte", "quasi tutte", "più di metà", "poche", "nessuna", "non attesa")


def days(count: int = 31) -> list[date]:
    return [date(2023, 3, 1) + timedelta(days=index) for index in range(count)]


def paths(svg: str, color: str, attribute: str = "fill") -> list[str]:
    root = ElementTree.fromstring(svg)
    return [path.attrib["d"] for path in root.iter(f"{SVG}path") if path.attrib.get(attribute) == color]


def bars(path: str) -> list[tuple[float, float, float, float]]:
    """(x, y, width, height) of every rectangle."""
    found = re.findall(r"M([\d.-]+) ([\d.-]+)h([\d.-]+)v([\d.-]+)h-[\d.]+z", path)
    return [(float(x), float(y), float(width), float(height)) for x, y, width, height in found]


def test_a_bar_is_as_high_as_its_energy():
    values = [1_000 * (index % 7) for index in range(31)]
    drawing = charts.daily(days(), [Series("prelevata", values, charts.WITHDRAWN)], WORDS)
    legend, series = paths(drawing, charts.WITHDRAWN)
    drawn = bars(series)
    assert len(bars(legend)) == 1
    assert len(drawn) == sum(1 for value in values if value)  # nothing is drawn for zero
    base = {round(y + height, 2) for _, y, _, height in drawn}
    assert max(base) - min(base) <= 0.011  # all stand on one line
    unit = drawn[0][3] / 1  # the first one is 1 kWh
    for (_, _, _, height), value in zip(drawn, [value for value in values if value], strict=True):
        assert height == pytest.approx(unit * value / 1_000, abs=0.08)


def test_a_part_stands_in_front_of_its_whole_and_groups_stand_side_by_side():
    series = [
        Series("prelevata", [4_000] * 31, charts.WITHDRAWN),
        Series("condivisa", [1_000] * 31, charts.SHARED),
        Series("immessa", [2_000] * 31, charts.INJECTED, group=1),
    ]
    drawing = charts.daily(days(), series, WORDS)
    whole, part, beside = (bars(paths(drawing, one.color)[1])[0] for one in series)
    assert part[0] == whole[0]
    assert part[3] == pytest.approx(whole[3] / 4, abs=0.02)
    assert beside[0] == pytest.approx(whole[0] + whole[2], abs=0.02)
    assert drawing.index(charts.WITHDRAWN) < drawing.index(charts.SHARED)


def test_one_path_per_series_however_many_values():
    drawing = charts.daily(days(), [Series("a", [5] * 31, "#111111"), Series("b", [3] * 31, "#222222", "line")], WORDS)
    assert len(paths(drawing, "#111111")) == 2  # the legend and the series
    assert len(paths(drawing, "#222222", "stroke")) == 1


def test_a_line_is_interrupted_where_nothing_is_known():
    values = [1_000, 2_000, None, 3_000] + [0] * 20
    drawing = charts.hours_of_day([Series("immessa", values, charts.INJECTED, "line")], WORDS)
    (line,) = paths(drawing, charts.INJECTED, "stroke")
    assert line.count("M") == 2
    assert line.count("L") == 21
    heights = [float(y) for _, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", line)]
    assert heights[0] - heights[2] == pytest.approx(2 * (heights[0] - heights[1]), abs=0.02)


@pytest.mark.parametrize("top", [0, 1, 9, 999, 1_000, 12_345, 5_000_000, 123_456_789_012])
def test_the_axis_reaches_the_highest_value_with_few_round_labels(top):
    drawing = charts.daily(days(2), [Series("x", [top, 0], "#123456")], WORDS)
    labels = [element.text or "" for element in ElementTree.fromstring(drawing).iter(f"{SVG}text")]
    numbers = [float(label.replace(".", "").replace(",", ".")) for label in labels[2:-1] if label]
    assert 2 <= len(numbers) <= 7
    assert numbers[0] == 0
    assert max(numbers) >= top / 1_000
    assert max(numbers) <= max(top / 1_000 * 2.5, 1)


def test_axis_labels_are_italian():
    drawing = charts.daily(days(), [Series("x", [1_500_000] * 31, "#123456")], WORDS)
    assert ">1.500<" in drawing
    drawing = charts.daily(days(), [Series("x", [1_200] * 31, "#123456")], WORDS)
    assert ">0,5<" in drawing


def test_a_chart_carries_nothing_that_acts_or_styles():
    hostile = '<script>alert(1)</script>" onload="x'
    drawing = charts.daily(days(), [Series(hostile, [1] * 31, "#123456")], Words(hostile, hostile, axis=hostile))
    root = ElementTree.fromstring(drawing)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {"svg", "title", "desc", "path", "text"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not names & {"style", "class", "id", "href", "onload"}
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == hostile
    assert root[0].text == hostile
    assert root[1].text == hostile


@pytest.mark.parametrize("values", [[1], [-1] * 31])
def test_wrong_series_are_refused(values):
    with pytest.raises(ValueError, match="The series 'x' has"):
        charts.daily(days(), [Series("x", values, "#123456")], WORDS)


def test_completeness_paints_each_cell_by_its_share():
    known = np.array([[1.0, 0.99, 0.75, 0.5], [0.01, 0.0, np.nan, 1.0]])
    pods = ["IT001E00000001", "IT001E00000002"]
    drawing = charts.completeness(pods, days(4), known, CompletenessWords("t", "d", CLASSES))
    counts = [len(bars(path)) for color in charts.COMPLETENESS for path in paths(drawing, color)[1:]]
    assert counts == [2, 2, 1, 1, 1, 1]  # all, ≥ 75 %, ≥ 50 %, some, none, not expected
    first = bars(paths(drawing, charts.COMPLETENESS[0])[1])
    assert first[1][1] > first[0][1]  # second POD, one row below
    assert first[1][0] > first[0][0]  # fourth day
    assert all(pod in drawing for pod in pods)


def test_completeness_of_a_hundred_pods_is_few_elements():
    known = np.random.default_rng(1).choice([0.0, 0.3, 0.6, 0.8, 1.0, np.nan], size=(100, 31))
    drawing = charts.completeness([f"IT001E{n:08d}" for n in range(100)], days(), known, CompletenessWords("t", "d", CLASSES))
    root = ElementTree.fromstring(drawing)
    assert sum(1 for _ in root.iter(f"{SVG}path")) == 6 + 6 + 1  # legend, cells, crosses
    assert len(drawing) < 150_000


def test_completeness_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="shape"):
        charts.completeness(["a"], days(3), np.ones((1, 4)), CompletenessWords("t", "d", CLASSES))


def test_numbers_are_anchored_by_the_width_of_their_digits_and_words_by_the_renderer():
    assert 'x="93.64" y="0" font-size="10" fill=' in svg.text(100, 0, "1", anchor="end", size=10)
    assert 'x="90.46"' in svg.text(100, 0, "1,5", anchor="middle", size=12)
    assert 'text-anchor="end"' in svg.text(100, 0, "kWh", anchor="end")
    assert 'x="100"' in svg.text(100, 0, "kWh", anchor="end")


@pytest.mark.parametrize("color", [charts.WITHDRAWN, charts.INJECTED, charts.SHARED, charts.TAKEN, svg.INK, svg.QUIET, svg.AXIS])
def test_colours_stand_out_from_white(color):
    """WCAG 2.1: 3 to 1 for what is drawn, 4.5 for what is read; the axis is an ornament."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    wanted = 4.5 if color in (svg.INK, svg.QUIET) else 2.2 if color == svg.AXIS else 3
    assert 1.05 / (luminance + 0.05) >= wanted
