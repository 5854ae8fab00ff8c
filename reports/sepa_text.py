"""The letters that banks exchange, and how every other text becomes one of them.

SEPA promises only `a-z A-Z 0-9 / - ? : ( ) . , ' +` and the blank (EPC217-08). Accents fall, joined letters open (ß is ss), `&`
is `+`, and every other sign is a full stop, as EPC recommends. A letter of another alphabet has no such form: rather than a row
of dots the text is refused, and a person writes the name as it stands on the passport.
"""

import re
import unicodedata

from reports.errors import PaymentTextRefused

ALLOWED = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
_OPENED = str.maketrans(
    {
        **dict(zip("&_–—~’‘`´ʼ[]{}\\|⁄", "+----'''''()()///", strict=True)),
        "ß": "ss",
        "ẞ": "SS",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "ł": "l",
        "Ł": "L",
        "þ": "th",
        "Þ": "TH",
        "ı": "i",
        "ħ": "h",
        "Ħ": "H",
        "€": "EUR",
    }
)


def transliterate(text: str, what: str, longest: int, *, cut: bool = False) -> str:
    """`text` in the letters of SEPA, blanks single. `what` names it in errors, such as "The name of payment 7".

    Control characters and marks of direction vanish. With `cut`, what goes beyond `longest` is left out.
    Errors: `PaymentTextRefused` for a letter without a Latin form, for a text in which no letter or digit is left, and, without
    `cut`, for one longer than `longest` after all that.
    """
    if cut:
        text = text[: 10 * longest]
    elif len(text) > 10 * longest:
        raise _too_long(what, len(text), longest)
    result = " ".join("".join(_one(character, what) for character in text).split())
    if cut:
        result = result[:longest].rstrip()
    elif len(result) > longest:
        raise _too_long(what, len(result), longest)
    if not any(character.isalnum() for character in result):
        raise PaymentTextRefused(f"{what} has no letter and no digit. Write it in full, then try again.")
    return result


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


def _one(character: str, what: str) -> str:
    if ALLOWED.fullmatch(character):
        return character
    opened = character.translate(_OPENED)
    if opened != character:
        return opened
    if character.isspace():
        return " "
    kind = unicodedata.category(character)
    if kind.startswith(("C", "M")):
        return ""
    parts = unicodedata.normalize("NFKD", character).translate(_OPENED)
    base = "".join(one for one in parts if not unicodedata.combining(one))
    if base and ALLOWED.fullmatch(base):
        return base
    if kind.startswith(("L", "N")):
        raise PaymentTextRefused(
            f"{what} holds {character!r}, which banks cannot read. Write the text in Latin letters and digits, then try again."
        )
    return "."


def _too_long(what: str, length: int, longest: int) -> PaymentTextRefused:
    return PaymentTextRefused(
        f"{what} has {length} characters in the form banks read, and at most {longest} fit. Shorten it, then try again."
    )
