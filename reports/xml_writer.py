"""Small XML documents as bytes: always the same for the same content, and never broken by what stands in a text.

Only what XML 1.0 can carry may come in: the callers make their texts harmless first (`formats.plain`, `sepa_text`), and what they
overlooked is refused here, because a file that the bank or the tax office cannot open is worse than none.
"""

import re
import xml.etree.ElementTree as ET

from reports.errors import TextRefused

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Element = ET.Element


def element(name: str, content: "str | Element | None" = None, *more: "Element | None", **attributes: str) -> Element:
    """An element with a text, or with children in order; None children are left out.

    Errors: `TextRefused` for a character that no XML document may hold (NUL, lone surrogates, …).
    """
    made = ET.Element(name, {key: checked(value) for key, value in attributes.items()})
    if isinstance(content, str):
        made.text = checked(content)
    children = more if isinstance(content, str) else (content, *more)
    made.extend([child for child in children if child is not None])
    return made


def checked(text: str) -> str:
    """The text itself. Errors: `TextRefused`."""
    found = _NOT_XML.search(text)
    if found:
        raise TextRefused(
            f"A text holds the character U+{ord(found[0]):04X}, which no XML file may hold. Remove it, then try again."
        )
    return text


def to_bytes(root: Element) -> bytes:
    """The document as indented UTF-8 with a declaration, ending with a line feed."""
    ET.indent(root, " ")
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def euro(cents: int) -> str:
    """Cents as XML files write euros, with a sign below zero: 1234 is 12.34."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
