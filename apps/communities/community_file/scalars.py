"""The values that a field can hold: each function returns the checked value or raises `ValueError` with the reason."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from stdnum import iban as stdnum_iban
from stdnum import luhn
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.it import codicefiscale

from apps.engine import identifiers
from apps.engine.errors import InvalidIdentifier

FIRST_YEAR, LAST_YEAR = 1900, 2199
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,18})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ORGANISATION = re.compile(r"[0-9]{11}")
# A code goes into file names and addresses, so it holds nothing that means something there.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def to_text(text: str, *, longest: int) -> str:
    clean = text.strip()
    if not clean:
        raise ValueError(_("must not be empty."))
    if len(clean) > longest:
        raise ValueError(_("has %(count)s characters, at most %(longest)s fit.") % {"count": len(clean), "longest": longest})
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in clean):
        raise ValueError(_("holds a control character. Type the text again."))
    return clean


def to_code(text: str) -> str:
    code = to_text(text, longest=40)
    if not _CODE.fullmatch(code):
        raise ValueError(
            _("%(code)r is not a code: use letters, digits, '-', '_' and '.', beginning with a letter or a digit.")
            % {"code": code}
        )
    return code


def to_date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(_("%(text)r is not a date. Write it as YYYY-MM-DD, such as 2023-03-01.") % {"text": text})
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(_("%(text)r is not a day of the calendar.") % {"text": text}) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(
            _("%(text)r is not a likely date: years go from %(first)s to %(last)s.")
            % {"text": text, "first": FIRST_YEAR, "last": LAST_YEAR}
        )
    return day


def to_decimal(text: str, *, least: Decimal, most: Decimal, places: int) -> Decimal:
    """A number written with digits and a decimal point, within bounds (both included), with at most `places` decimals."""
    if not _NUMBER.fullmatch(text.removeprefix("-")):
        raise ValueError(_("%(text)r is not a number. Write digits with a decimal point, such as 99.9.") % {"text": text})
    number = Decimal(text)
    if not least <= number <= most:
        raise ValueError(
            _("%(text)s is out of bounds: it must be from %(least)s to %(most)s.")
            % {"text": text, "least": plain(least), "most": plain(most)}
        )
    if number != round(number, places):
        raise ValueError(_("%(text)s has more than %(places)s decimals.") % {"text": text, "places": places})
    return number


def to_choice(text: str, choices: Sequence[str]) -> str:
    if text not in choices:
        raise ValueError(_("%(text)r is not one of %(choices)s.") % {"text": text, "choices": ", ".join(choices)})
    return text


def to_pod(text: str) -> str:
    """A POD in upper case, 14 or 15 characters."""
    try:
        return identifiers.normalise_pod(text)
    except InvalidIdentifier:
        raise ValueError(
            _(
                "%(text)r is not a POD: expected IT, three digits, E and eight or nine letters or digits, "
                "such as IT001E00000001. Copy it from the bill."
            )
            % {"text": text}
        ) from None


def to_primary_substation(text: str) -> str:
    try:
        return identifiers.normalise_primary_substation(text)
    except InvalidIdentifier:
        raise ValueError(
            _(
                "%(text)r is not a primary substation: expected AC, three digits, E and five digits, "
                "such as AC001E01298. Look it up on the map of the GSE."
            )
            % {"text": text}
        ) from None


def to_tax_code(text: str) -> str:
    """A codice fiscale of 16 characters, or the 11 digits of an organisation (partita IVA), with a right check character.

    Of the 11 digits only length and check digit are judged: which tax offices exist is not ours to know.
    """
    digits = text.strip().upper().removeprefix("IT")
    try:
        if _ORGANISATION.fullmatch(digits) and int(digits):
            return str(luhn.validate(digits))
        return str(codicefiscale.validate(text))
    except StdnumError:
        raise ValueError(
            _(
                "%(text)r is not a tax code: expected the 16 characters of a codice fiscale or 11 digits, with a "
                "right check character. Copy it again."
            )
            % {"text": mask(text)}
        ) from None


def to_iban(text: str) -> str:
    try:
        return str(stdnum_iban.validate(text))
    except StdnumError:
        raise ValueError(
            _("%(text)r is not an IBAN: its length or its check digits are wrong. Copy it again.") % {"text": mask(text)}
        ) from None


def to_email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError(_("%(text)r is not an e-mail address.") % {"text": text}) from None
    if len(text) > 254:
        raise ValueError(_("is longer than an e-mail address can be."))
    return text


def mask(text: str) -> str:
    """The last four characters of something personal: enough to recognise it, too little to use it."""
    return "•••" + text[-4:] if len(text) > 4 else "•••"


def plain(number: Decimal) -> str:
    """A number without exponent and without useless zeros: `10.0` and `10` are the same text."""
    return format(number.normalize(), "f") if number else "0"
