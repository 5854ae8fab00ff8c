"""Read: the prices of a month, by the hour, and the hours that have none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import BigIntegerField, F
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from apps.engine.calendar import hours_in_month, month_starts_at
from apps.engine.prices import UEUR_PER_EUR, hourly_mean
from apps.settlement.errors import PriceMissing
from apps.settlement.models import ZonalPrice

ROME = ZoneInfo("Europe/Rome")
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class MissingPrice:
    """An hour that cannot be priced: its index in the month and the instant when it starts (aware, local)."""

    zone: str
    hour: int
    starts_at: datetime


def get_hourly_prices(zones: Sequence[str], year: int, month: int, *, configuration: str = "") -> NDArray[np.int64]:
    """Return µ€/MWh, shape (Z, H), rows in the order of `zones`; quarters are averaged to their hour.

    Errors: `PriceMissing` names the first hour without a price; `configuration` says whose run it was asked for.
    """
    prices, known = _load(zones, year, month)
    if not known.all():
        first = _missing(zones, known, year, month)[0]
        if configuration:
            sentence = _(
                "Run %(month)s of %(configuration)s cannot start: no zonal price for %(zone)s at %(hour)s. "
                "Import the price file, then retry the run."
            )
        else:
            sentence = _(
                "Run %(month)s cannot start: no zonal price for %(zone)s at %(hour)s. Import the price file, then retry the run."
            )
        values = {"month": f"{year}-{month:02d}", "zone": first.zone, "hour": local_text(first.starts_at)}
        raise PriceMissing(sentence % {**values, "configuration": configuration})
    return prices


def list_missing_prices(zones: Sequence[str], year: int, month: int) -> tuple[MissingPrice, ...]:
    """The hours of the month that cannot be priced, by hour, then zone: nothing published, or not all four quarters."""
    return tuple(_missing(zones, _load(zones, year, month)[1], year, month))


def local_text(instant: datetime) -> str:
    """An instant as people read it; the hour that October has twice also says its offset."""
    local = instant.astimezone(ROME)
    twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return f"{local:%Y-%m-%d %H:%M}" + (f" ({local.isoformat()[-6:]})" if twice else "")


def _missing(zones: Sequence[str], known: NDArray[np.bool_], year: int, month: int) -> list[MissingPrice]:
    first = month_starts_at(year, month)
    hours, rows = np.nonzero(~known.T)
    return [
        MissingPrice(zones[row], hour, (first + hour * _HOUR).astimezone(ROME))
        for hour, row in zip(hours.tolist(), rows.tolist(), strict=True)
    ]


def _load(zones: Sequence[str], year: int, month: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Prices in µ€/MWh and which of them are known, both (Z, H).

    A price for the hour stands for itself; four quarters make their mean; fewer than four make nothing.
    """
    hours = hours_in_month(year, month)
    first = month_starts_at(year, month)
    row_of = {zone: row for row, zone in enumerate(zones)}
    prices = np.zeros((len(zones), hours), np.int64)
    known = np.zeros((len(zones), hours), np.bool_)
    quarters: dict[tuple[int, int], list[int]] = {}
    stored = ZonalPrice.objects.filter(zone__in=row_of, starts_at__gte=first, starts_at__lt=first + hours * _HOUR)
    # prices are stored with six decimals, so whole µ€/MWh are exact; nothing but integers leaves the database
    in_ueur = Cast(F("price_eur_per_mwh") * UEUR_PER_EUR, BigIntegerField())
    for zone, starts_at, minutes, price in stored.values_list("zone", "starts_at", "minutes", in_ueur):
        cell = row_of[zone], (starts_at - first) // _HOUR
        if minutes == 60:
            prices[cell], known[cell] = price, True
        else:
            quarters.setdefault(cell, []).append(price)
    for cell, found in quarters.items():
        if len(found) == 4:
            prices[cell], known[cell] = hourly_mean(found), True
    return prices, known
