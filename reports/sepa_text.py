"""The letters that banks exchange, and how every other text becomes one of them.

SEPA promises only `a-z A-Z 0-9 / - ? : ( ) . , ' +` and the blank (EPC217-08). Accents fall, joined letters open (ß is ss), `&`
is `+`, and every other sign is a full stop, as EPC recommends. A letter of another alphabet has no such form: rather than a row
of dots the text is refused, and a person writes the name as it stands on the passport.
"""

import re

from reports.errors import PaymentTextRefused
from reports.latin import one_line

ALLOWED = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")


def transliterate(text: str, what: str, longest: int, *, cut: bool = False) -> str:
    """`text` in the letters of SEPA. Errors: `PaymentTextRefused`, see `latin.one_line`."""
    return one_line(text, what, longest, ALLOWED, PaymentTextRefused, cut=cut)


def check_reference(text: str, what: str, longest: int = 35) -> str:
    """A reference, unchanged: banks send it back, and it must be recognised.

    Errors: `PaymentTextRefused` when it is empty, too long, holds another character, begins or ends with `/` or a blank, or
    has `//`.
    """
    wrong = not ALLOWED.fullmatch(text) or text != text.strip() or text.startswith("/") or text.endswith("/") or "//" in text
    if not 1 <= len(text) <= longest or wrong:
        raise PaymentTextRefused(
            f"{what} {text[:50]!r} is no reference that banks return unchanged. Use 1 to {longest} letters without accents, "
            "digits and - ? : ( ) . , ' + with no slash at either end."
        )
    return text
