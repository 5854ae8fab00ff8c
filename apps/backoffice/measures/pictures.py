"""The heat map of known hours: PODs by days, drawn by the press as inline SVG."""

from datetime import date

import numpy as np
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.backoffice.templatetags.quantities import month_name, whole
from apps.settlement.readiness import KnownHours
from reports.charts import CompletenessWords, completeness

MOST_ROWS = 80  # of the picture; the list beside it names every POD
WIDTH = 900


def picture_of_completeness(measures: KnownHours, *, month: date) -> SafeString:
    """Every POD of the month, or the emptiest when there are too many to draw. Nothing to draw is an empty text."""
    if not measures.pods:
        return SafeString("")
    missing = np.array([row.missing for row in measures.pods])
    chosen = np.sort(np.argsort(-missing, kind="stable")[:MOST_ROWS])
    words = CompletenessWords(
        title=_("Ore conosciute per POD e giorno, %(month)s") % {"month": month_name(month)},
        description=_description(measures),
        classes=(_("complete"), _("almeno ¾"), _("almeno metà"), _("meno di metà"), _("nessuna ora"), _("non attese")),
    )
    svg = completeness([measures.pods[row].pod for row in chosen], measures.days, measures.known[chosen], words, width=WIDTH)
    # the press escapes every text and writes neither scripts nor styles
    return mark_safe(svg)  # noqa: S308  # nosec B308 B703


def _description(measures: KnownHours) -> str:
    values = {"missing": whole(measures.missing_hours), "pods": len(measures.pods), "suspect": whole(measures.suspect_hours)}
    if measures.suspect_hours:
        return _("Ore mancanti: %(missing)s su %(pods)s POD, di cui sospette: %(suspect)s.") % values
    return _("Ore mancanti: %(missing)s su %(pods)s POD.") % values
