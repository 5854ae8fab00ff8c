"""The explanation's pictures, each drawn wide and narrow so that its letters keep their size on a telephone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from reports import charts
from reports.charts import Series, Words

WIDE, NARROW = 860.0, 350.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One drawing in two sizes; the page shows one of them."""

    wide: str
    narrow: str


def month_picture(days: Sequence[date], withdrawn: Sequence[int], shared: Sequence[int], title: str) -> Picture:
    """What the member drew and what of it was shared, a bar a day."""
    return _drawn(
        days, [Series(_("prelevata"), withdrawn, charts.WITHDRAWN), Series(_("condivisa"), shared, charts.SHARED)], title
    )


def plant_picture(days: Sequence[date], injected: Sequence[int], taken: Sequence[int], title: str) -> Picture:
    """What the member's plants injected and what of it the community used."""
    series = [Series(_("immessa"), injected, charts.INJECTED), Series(_("usata dalla comunità"), taken, charts.TAKEN)]
    return _drawn(days, series, title)


def _drawn(days: Sequence[date], series: Sequence[Series], title: str) -> Picture:
    words = Words(title, _("Una barra per giorno, in kWh: %(names)s.") % {"names": ", ".join(one.name for one in series)})
    return Picture(*(charts.daily(days, series, words, width=width, height=220) for width in (WIDE, NARROW)))
