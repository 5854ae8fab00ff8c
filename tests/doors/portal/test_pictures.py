"""A correction may take money back: the year's picture must hold that too."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from apps.portal.pictures import NARROW, WIDE, euro_bars
from reports import charts


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("cents", [{1: 500, 2: -300}, {1: -300}, {1: 1, 12: 900_000}, {6: -900_000, 7: 1}])
def test_every_bar_stays_inside_the_picture(cents, width):
    picture = ElementTree.fromstring(euro_bars(cents, "t", "d", width=width, height=190))
    bars = [path for path in picture.iter() if path.tag.endswith("path") and path.get("fill") != "none"][-1].get("d")
    assert bars is not None
    for bar in bars.strip("M").rstrip("z").split("zM"):
        x, y = (float(number) for number in bar.split("h")[0].split(" "))
        across, down = bar.split("h")[1], bar.split("v")[1].split("h")[0]
        assert x >= 0
        assert x + float(across.split("v")[0]) <= width
        assert y >= 0
        assert y + float(down) <= 190 - 14  # above the names of the months


def test_a_quantity_has_the_colour_of_its_bars():
    style = (Path(__file__).resolve().parents[3] / "static" / "portal" / "portal.css").read_text("utf-8")
    marks = dict(re.findall(r"\.mark-(\w+) \{ --mark: (#\w+); \}", style))
    assert marks == {
        "withdrawn": charts.WITHDRAWN,
        "shared": charts.SHARED,
        "injected": charts.INJECTED,
        "taken": charts.TAKEN,
    }
