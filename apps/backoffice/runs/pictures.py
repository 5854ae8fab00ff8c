"""The pictures of a run: energy per day and per hour of the day, drawn by the press as inline SVG."""

import numpy as np
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from apps.backoffice.templatetags.quantities import kwh, month_name
from apps.engine.calendar import local_hours, month_days
from apps.settlement.booking import unpack_wh
from apps.settlement.models import RunCurves, SettlementRun
from reports.charts import INJECTED, SHARED, WITHDRAWN, Series, Words, daily, hours_of_day

WIDTH = 720


def picture_of_days(run: SettlementRun, curves: RunCurves) -> SafeString:
    """Injected, withdrawn and shared energy of each local day."""
    year, month = run.month.year, run.month.month
    days, _hours = local_hours(year, month)
    drawn = _series(curves, np.asarray(days), len(month_days(year, month)))
    words = Words(title=_("Energia al giorno, %(month)s") % {"month": month_name(run.month)}, description=_describe(run))
    return _inline(daily(month_days(year, month), drawn, words, width=WIDTH))


def picture_of_hours(run: SettlementRun, curves: RunCurves) -> SafeString:
    """The same energy by hour of the local day, summed over the month."""
    _days, hours = local_hours(run.month.year, run.month.month)
    words = Words(title=_("Energia per ora del giorno, somma del mese"), description=_describe(run), axis=_("ora del giorno"))
    return _inline(hours_of_day(_series(curves, np.asarray(hours), 24), words, width=WIDTH))


def _series(curves: RunCurves, slots: NDArray[np.int64], count: int) -> list[Series]:
    """Shared energy as bars, injected and withdrawn as lines above: what is shared lies under both."""

    def summed(packed: bytes | memoryview) -> list[int]:
        totals = np.zeros(count, dtype=np.int64)
        np.add.at(totals, slots - slots.min(), unpack_wh(packed))
        return [int(value) for value in totals]

    return [
        Series(_("condivisa"), summed(curves.shared), SHARED),
        Series(_("immessa"), summed(curves.injected), INJECTED, shape="line"),
        Series(_("prelevata"), summed(curves.withdrawn), WITHDRAWN, shape="line"),
    ]


def _describe(run: SettlementRun) -> str:
    return _("Nel mese: immessa %(injected)s, prelevata %(withdrawn)s, condivisa %(shared)s.") % {
        "injected": kwh(run.injected_wh),
        "withdrawn": kwh(run.withdrawn_wh),
        "shared": kwh(run.shared_wh),
    }


def _inline(svg: str) -> SafeString:
    """The press escapes every text of a chart and writes neither scripts nor styles into it."""
    return mark_safe(svg)  # noqa: S308  # nosec B308 B703
