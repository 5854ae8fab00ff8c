"""When the sun is surely of no use to any plant in Italy.

No place is asked for: a few hundred kilometres are half an hour, and a device seldom knows where it stands. For each half of a
month the table has the earliest sunset and the latest sunrise anywhere in Italy (Bardonecchia, Vetta d'Italia, Trieste, Otranto,
Lampedusa, Pachino, Sant'Antioco). The dark begins `MARGIN` before that sunset and ends `MARGIN` after that sunrise, because
inverters go to sleep in weak light and wake late on foggy mornings. The price: a plant that fails then is found in the morning.
"""

from datetime import datetime, timedelta

MARGIN = timedelta(minutes=90)
_FIRST_HALF_UNTIL = 15
# (earliest sunset, latest sunrise) in minutes after midnight UTC: 1-15 January, 16-31 January, 1-15 February, ...
_SUN = (
    *((930, 436), (944, 431), (963, 417), (981, 395), (996, 373), (1013, 346), (1029, 316), (1044, 290)),
    *((1059, 270), (1074, 254), (1088, 244), (1096, 245), (1094, 254), (1082, 267), (1064, 281), (1040, 295)),
    *((1016, 312), (990, 330), (967, 349), (945, 372), (930, 394), (921, 415), (920, 430), (921, 436)),
)


def dark_since(instant: datetime) -> datetime | None:
    """Return when the dark that reigns at an aware UTC instant began, or None by day."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    sunset, sunrise = _sun(midnight)
    if instant < midnight + sunrise + MARGIN:
        eve = midnight - timedelta(days=1)
        return eve + _sun(eve)[0] - MARGIN
    dusk = midnight + sunset - MARGIN
    return dusk if instant >= dusk else None


def _sun(day: datetime) -> tuple[timedelta, timedelta]:
    sunset, sunrise = _SUN[2 * (day.month - 1) + (day.day > _FIRST_HALF_UNTIL)]
    return timedelta(minutes=sunset), timedelta(minutes=sunrise)
