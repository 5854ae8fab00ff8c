"""What a price file says, row by row, and how it is refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice

from django.utils.translation import gettext as _

from apps.engine.errors import InvalidNumber
from apps.engine.prices import ueur_per_mwh
from apps.settlement.errors import SettlementError

HOUR_MINUTES, QUARTER_MINUTES = 60, 15
MAX_BYTES = 64 * 1024 * 1024
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:[.,][0-9]+)?")
_PLACES = 6
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class PriceRow:
    """The price of one zone for `minutes` from an instant on; `epoch` are its seconds since 1970, `line` where it stands."""

    line: int
    zone: str
    epoch: int
    minutes: int
    price_eur_per_mwh: Decimal

    @property
    def starts_at(self) -> datetime:
        return datetime.fromtimestamp(self.epoch, UTC)


@dataclass(frozen=True, slots=True)
class PriceFile:
    """A file that was read to its end without a fault. `read` counts its rows, `missing` those with an empty price."""

    format: str
    rows: Sequence[PriceRow]
    read: int
    missing: int


@dataclass(frozen=True, slots=True)
class LineFault:
    """One fault; line 0 means the file as a whole."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


class PricesRefused(SettlementError):
    """The file cannot be taken in; `faults` say where and why. Nothing was written."""

    def __init__(self, faults: Sequence[LineFault]) -> None:
        shown = [*islice(sorted(faults, key=lambda fault: fault.line), _SHOWN)]
        if len(faults) > _SHOWN:
            shown.append(
                LineFault(
                    0, _("… and %(count)s more faults of %(total)s.") % {"count": len(faults) - _SHOWN, "total": len(faults)}
                )
            )
        super().__init__("\n".join(str(fault) for fault in shown))
        self.faults = tuple(shown)


def to_price(text: str) -> Decimal:
    """€/MWh as published: point or comma, at most six decimals, negative ones are lawful. Errors: `ValueError`."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(
            _("%(text)r is not a price. Write digits with one decimal point or comma, such as 136.38.") % {"text": text}
        )
    price = Decimal(text.replace(",", "."))
    if price != round(price, _PLACES):
        raise ValueError(
            _("%(text)s has more than %(places)s decimals. Prices are published with at most %(places)s.")
            % {"text": text, "places": _PLACES}
        )
    try:
        ueur_per_mwh(price)
    except InvalidNumber:
        raise ValueError(
            _("A price of %(text)s €/MWh is beyond any market limit. Check the unit of the file.") % {"text": text}
        ) from None
    return price
