"""The portal's pictures. Each is drawn twice, wide and narrow, so that its letters keep their size on a telephone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.dates import MONTHS_3
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.portal.amounts import euro
from apps.portal.month import Month
from apps.portal.months import Year
from reports import charts, svg
from reports.charts import Series, Words

WIDE, NARROW = 860.0, 350.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One drawing in two sizes; the page shows one of them."""

    wide: str
    narrow: str


def year_picture(year: Year) -> Picture | None:
    """Euros per month; None when there is nothing to see."""
    cents: dict[int, int] = {}
    for row in year.rows:
        cents[row.run.month.month] = cents.get(row.run.month.month, 0) + row.counted_cents
    if not any(cents.values()):
        return None
    title = _("Importi riconosciuti mese per mese, %(year)s") % {"year": year.number}
    described = "; ".join(f"{_month_name(year.number, month)}: {euro(cents[month])}" for month in sorted(cents))
    return Picture(
        wide=euro_bars(cents, title, described, width=WIDE, height=190),
        narrow=euro_bars(cents, title, described, width=NARROW, height=190),
    )


def month_pictures(month: Month) -> list[Picture]:
    """What the member took from the network day by day, and what they gave to it; each only if there is any."""
    withdrawn, injected, shared, taken = month.daily_wh.tolist()
    name = date_format(month.run.month, "F Y")
    pictures = []
    if any(withdrawn):
        series = [
            Series(_("prelevata"), withdrawn, charts.WITHDRAWN),
            Series(_("di cui condivisa"), shared, charts.SHARED),
        ]
        title = _("Energia prelevata e condivisa giorno per giorno, %(month)s") % {"month": name}
        pictures.append(_daily(month.days, series, title))
    if any(injected):
        series = [
            Series(_("immessa"), injected, charts.INJECTED),
            Series(_("di cui usata dalla comunità"), taken, charts.TAKEN),
        ]
        title = _("Energia immessa e usata dalla comunità giorno per giorno, %(month)s") % {"month": name}
        pictures.append(_daily(month.days, series, title))
    return pictures


def _daily(days: Sequence[date], series: Sequence[Series], title: str) -> Picture:
    names = ", ".join(one.name for one in series)
    words = Words(title, _("Una barra per giorno, in kWh: %(names)s.") % {"names": names})
    return Picture(
        wide=charts.daily(days, series, words, width=WIDE, height=230),
        narrow=charts.daily(days, series, words, width=NARROW, height=230),
    )


def euro_bars(cents: dict[int, int], title: str, description: str, *, width: float, height: float) -> str:
    """Twelve slots. A correction may make a month negative: then its bar hangs below the line."""
    top = max(max(cents.values()), 0) / 100
    depth = -min(min(cents.values()), 0) / 100
    marks = tuple(svg.ticks(max(top, depth / 2), wanted=3))
    room = height - 44
    upper = room * marks[-1] / (marks[-1] + depth)
    frame = svg.Frame(46, 20, width - 52, upper, 12, marks)
    body = [svg.text(40, 10, "€", size=10, anchor="end"), *frame.grid()]
    bars = []
    for month, amount in cents.items():
        if amount:
            y = frame.y(amount / 100)
            left, bar = frame.x(month - 1) + frame.slot_width * 0.2, frame.slot_width * 0.6
            bars.append(svg.rectangle(left, min(y, frame.base), bar, abs(frame.base - y)))
    body.append(svg.path(bars, fill=charts.SHARED))
    for month in range(1, 13):
        body.append(svg.text(frame.x(month - 0.5), height - 8, _slot_name(month, narrow=width < WIDE), size=10, anchor="middle"))
    return svg.picture(width, height, title=title, description=description, body=body)


def _slot_name(month: int, *, narrow: bool) -> str:
    name = str(MONTHS_3[month])
    return name[:1].upper() if narrow else name


def _month_name(year: int, month: int) -> str:
    return date_format(date(year, month, 1), "F")
