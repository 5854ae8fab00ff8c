"""A community's logo, made harmless: recognised by its content, never by a name, and redrawn or read element by element.

PNG and JPEG are decoded, shrunk and written again as PNG, so nothing but pixels survives. SVG keeps only drawing elements and
attributes; one that refers to anything outside itself is refused. A refused logo is left out, not an error: the statement
matters more than its decoration.
"""

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from xml.etree import ElementTree  # nosec B405

MAX_BYTES = 1_000_000
MAX_PIXELS = 16_000_000
MAX_SVG_BYTES = 200_000
MAX_SVG_ELEMENTS = 2_000
LARGEST_SIDE = 600

_SVG = "http://www.w3.org/2000/svg"
_WORDS = re.compile(r"\S+")
_ELEMENTS = frozenset(
    _WORDS.findall(
        "svg g path rect circle ellipse line polyline polygon title desc defs "
        "linearGradient radialGradient stop clipPath text tspan"
    )
)
_ATTRIBUTES = frozenset(
    _WORDS.findall(
        "viewBox width height x y x1 y1 x2 y2 cx cy r rx ry fx fy d points transform dx dy preserveAspectRatio version id "
        "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-dasharray "
        "stroke-miterlimit stop-color stop-opacity offset opacity gradientUnits gradientTransform clip-path clip-rule "
        "clipPathUnits font-size font-weight text-anchor"
    )
)
_OUTSIDE = re.compile(r"url\s*\(\s*['\"]?\s*(?!['\"]?#)|[a-z][a-z0-9+.-]*://|javascript:|data:|file:|&#|\\", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Logo:
    """Safe bytes and their type."""

    content: bytes
    media_type: str

    @property
    def address(self) -> str:
        """A name that only the printer's fetcher knows, the same for the same bytes."""
        return f"logo:{sha256(self.content).hexdigest()}"


@lru_cache(maxsize=16)
def safe_logo(content: bytes) -> Logo | None:
    """The logo made harmless, or None when it is not one. Cached: a worker prints many statements of one community."""
    if not content or len(content) > MAX_BYTES:
        return None
    if content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return _redrawn(content)
    return _cleaned_svg(content)


def _redrawn(content: bytes) -> Logo | None:
    from PIL import Image  # the renderer's own library, imported with it

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MAX_PIXELS or getattr(image, "n_frames", 1) != 1:
                return None
            image.load()
            pixels = image.convert("RGBA" if image.mode in ("RGBA", "LA", "PA", "P") else "RGB")
            pixels.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            output = io.BytesIO()
            pixels.info.clear()
            pixels.save(output, format="PNG")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return Logo(output.getvalue(), "image/png")


def _cleaned_svg(content: bytes) -> Logo | None:
    if len(content) > MAX_SVG_BYTES:
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "<!" in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL) or "<svg" not in text:  # no DOCTYPE, no entities, no CDATA
        return None
    try:  # no DOCTYPE and no entities got this far
        root = ElementTree.fromstring(text)  # noqa: S314  # nosec B314
    except ElementTree.ParseError:
        return None
    if root.tag != f"{{{_SVG}}}svg" or sum(1 for _ in root.iter()) > MAX_SVG_ELEMENTS:
        return None
    if any(_OUTSIDE.search(value) for element in root.iter() for value in element.attrib.values()):
        return None
    return Logo(ElementTree.tostring(_kept(root, depth=0)), "image/svg+xml")


def _kept(element: ElementTree.Element, depth: int) -> ElementTree.Element:
    """A copy with the allowed children and attributes only, at most 20 deep."""
    attributes = {name: value for name, value in element.attrib.items() if name in _ATTRIBUTES}
    copy = ElementTree.Element(element.tag, attributes)
    copy.text = element.text
    copy.tail = element.tail
    for child in element:
        if child.tag.removeprefix(f"{{{_SVG}}}") in _ELEMENTS and depth < 20:
            copy.append(_kept(child, depth + 1))
    return copy
