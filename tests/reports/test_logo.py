"""A logo is pixels or drawing, never an address."""

import io

import pytest
from PIL import Image

from reports.logo import safe_logo
from tests.reports.samples import LOGO


def picture(kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB") -> bytes:
    output = io.BytesIO()
    Image.new(mode, size, "#2b7a5b").save(output, format=kind)
    return output.getvalue()


def svg(inside: str, attributes: str = "") -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" {attributes}>{inside}</svg>'.encode()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_is_drawn_again_as_png(kind):
    logo = safe_logo(picture(kind, (1_800, 900)))
    assert logo is not None
    assert logo.media_type == "image/png"
    with Image.open(io.BytesIO(logo.content)) as image:
        assert image.size == (600, 300)


def test_what_hides_behind_a_picture_is_gone():
    logo = safe_logo(picture("PNG") + b"<script>alert(1)</script>")
    assert logo is not None
    assert b"script" not in logo.content


def test_a_drawing_keeps_its_shapes():
    logo = safe_logo(LOGO)
    assert logo is not None
    assert logo.media_type == "image/svg+xml"
    assert b"circle" in logo.content
    assert b'fill="#2b7a5b"' in logo.content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"file:///etc/passwd",
        b"/etc/passwd",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n broken",
        b"\xff\xd8\xff broken",
        b"\x00" * 100,
        b"x" * 2_000_000,
        b"<svg><circle/></svg>",  # not in the namespace
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("<text>&a;</text>"),
        b'<?xml version="1.0"?><!DOCTYPE svg SYSTEM "file:///etc/passwd">' + svg(""),
        svg('<rect fill="url(http://example.com/x)"/>'),
        svg('<image href="file:///etc/passwd"/>'),
        svg('<use xlink:href="data:image/png;base64,AAAA" xmlns:xlink="http://www.w3.org/1999/xlink"/>'),
        svg("<g>" * 3_000 + "</g>" * 3_000),
        svg("<path d='" + "M0 0" * 60_000 + "'/>"),
        svg("<unclosed>"),
    ],
)
def test_what_is_not_a_logo_is_left_out(content):
    assert safe_logo(content) is None


def test_elements_and_attributes_that_do_not_draw_are_dropped():
    logo = safe_logo(
        svg(
            '<script>alert(1)</script><style>@import "x"</style><foreignObject/><image/><use/><a><circle r="1"/></a>'
            '<rect width="3" height="3" onclick="x" style="fill:red" class="y"/>',
            'onload="alert(1)"',
        )
    )
    assert logo is not None
    for word in (b"script", b"style", b"foreignObject", b"image", b"use", b"circle", b"onclick", b"onload", b"class"):
        assert word not in logo.content
    assert b'width="3"' in logo.content


def test_a_picture_of_too_many_pixels_is_left_out():
    assert safe_logo(picture("PNG", (5_000, 4_000), "1")) is None
