"""Italian tax numbers in the one form in which files carry them: no blanks, no country, capital letters."""

from types import ModuleType

from stdnum.it import codicefiscale, iva


def is_tax_code(text: str) -> bool:
    """Whether a text is a *codice fiscale*: 16 characters of a person, or 11 digits of anybody else."""
    return _is(codicefiscale, text)


def is_vat_number(text: str) -> bool:
    """Whether a text is a *partita IVA*: 11 digits."""
    return _is(iva, text)


def _is(number: ModuleType, text: str) -> bool:
    return bool(number.is_valid(text)) and number.compact(text) == text
