"""Reading a page as a person does: its words, its addresses."""

import re
from html import unescape
from typing import Any


def words(answer: Any) -> str:
    """The text of a page, blanks single."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def links(answer: Any) -> list[str]:
    """Every address of the page that can be followed by a GET."""
    return [unescape(address) for address in re.findall(r'(?:href|hx-get)="([^"]+)"', answer.content.decode())]
