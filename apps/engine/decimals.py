"""From the decimal numbers of files, meters and laws to exact fractions, without ever passing through binary floats."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from apps.engine.errors import InvalidNumber

# Beyond these no number is a measure, a price or a share; an exponent such as 1e999999999 would otherwise eat the machine.
_LONGEST = 64
_LARGEST_EXPONENT = 18


def exact(value: Decimal | str | int) -> Fraction:
    """Return a decimal number as an exact fraction.

    Errors: `InvalidNumber` for a text that is no number, NaN, infinities, more than 64 characters or 10^19 and beyond.
    """
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, str) and len(value) > _LONGEST:
        raise InvalidNumber(
            f"A number of {len(value)} characters was found where at most {_LONGEST} make sense. Correct the source."
        )
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidNumber(f"{value!r} is not a number. Write digits with a decimal point, such as 0.125.") from None
    if not number.is_finite():
        raise InvalidNumber(f"{value} is not a finite number. Correct the source.")
    if not number:
        return Fraction(0)
    if number.adjusted() > _LARGEST_EXPONENT or number.adjusted() < -_LONGEST or len(number.as_tuple().digits) > _LONGEST:
        raise InvalidNumber(f"{number:.3E} is far beyond any measure, price or share. Correct the source.")
    return Fraction(number)
