"""How the tests read a printed page back: its text and its pixels."""

import io
from decimal import Decimal

import numpy as np
import pdfplumber
import pypdfium2
from numpy.typing import NDArray


def pages(pdf: bytes) -> list[str]:
    """The text of each page, blanks made ordinary."""
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        return [(page.extract_text() or "").replace("\u00a0", " ") for page in document.pages]


def text(pdf: bytes) -> str:
    return "\n".join(pages(pdf))


def facts(pdf: bytes) -> dict[str, str]:
    """Title, author and dates as the file says them."""
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        return dict(document.metadata)


def fonts(pdf: bytes) -> set[str]:
    """The names of the fonts that its letters are drawn with."""
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        return {letter["fontname"] for page in document.pages for letter in page.chars}


def pixels(pdf: bytes, page: int = 0, scale: float = 3.0) -> NDArray[np.uint8]:
    """One page as (height, width, 3) bytes."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        sheet = document[page]
        bitmap = sheet.render(scale=scale)
        picture = np.array(bitmap.to_pil().convert("RGB"))
        bitmap.close()
        sheet.close()
        return picture
    finally:
        document.close()


def cents(amount: str) -> int:
    """ "1.234,56 €" or "−1.234,56 €" as cents."""
    plain = amount.replace("\u00a0", " ").removesuffix(" €").replace(".", "").replace(",", ".").replace("\u2212", "-")
    return int(Decimal(plain) * 100)
