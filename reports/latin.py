"""Letters for those who take few: every text in the Latin letters that a bank or the tax office can read.

Accents fall where they must, joined letters open (ß is ss), other signs become a full stop. A letter of another alphabet has no
such form: rather than a row of dots the caller refuses the text, and a person writes the name as it stands on the passport.
"""

import re
import unicodedata
from functools import lru_cache

from reports.errors import TextRefused

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


def one_line(
    text: str, what: str, longest: int, allowed: re.Pattern[str], refusal: type[TextRefused], *, cut: bool = False
) -> str:
    """`text` in the characters that `allowed` matches one by one, blanks single. `what` names it in errors: "The name of …".

    Marks of control and direction vanish. With `cut`, what goes beyond `longest` is left out. `allowed` must take the blank, the
    full stop and a to z. Errors: `refusal` for a letter without a Latin form, for a text in which no letter or digit is left,
    and, without `cut`, for one longer than `longest` after all that.
    """
    if cut:
        text = text[: 10 * longest]
    elif len(text) > 10 * longest:
        raise refusal(_too_long(what, len(text), longest))
    try:
        characters = [_one(character, allowed) for character in unicodedata.normalize("NFC", text)]
    except _NotLatin as letter:
        raise refusal(
            f"{what} holds {letter.args[0]!r}, which has no Latin form. Write it in Latin letters and digits, then try again."
        ) from None
    result = " ".join("".join(characters).split())
    if cut:
        result = result[:longest].rstrip()
    elif len(result) > longest:
        raise refusal(_too_long(what, len(result), longest))
    if not any(character.isalnum() for character in result):
        raise refusal(f"{what} has no letter and no digit. Write it in full, then try again.")
    return result


def _too_long(what: str, length: int, longest: int) -> str:
    return (
        f"{what} has {length} characters in the letters that can be read, and at most {longest} fit. Shorten it, then try again."
    )


class _NotLatin(Exception):
    """A letter or digit without a Latin form. The only argument is that character."""


@lru_cache(maxsize=4096)  # a text has many letters and few different ones
def _one(character: str, allowed: re.Pattern[str]) -> str:
    if character.isspace():
        return " "
    kind = unicodedata.category(character)
    if kind.startswith(("C", "M")):
        return ""
    for form in (character, character.translate(_OPENED), _plain(character)):
        if form and all(allowed.fullmatch(one) for one in form):
            return form
    if kind.startswith(("L", "N")):
        raise _NotLatin(character)
    return "."


def _plain(character: str) -> str:
    """The letters that a character is made of, without their accents."""
    parts = unicodedata.normalize("NFKD", character).translate(_OPENED)
    return "".join(one for one in parts if not unicodedata.combining(one))
