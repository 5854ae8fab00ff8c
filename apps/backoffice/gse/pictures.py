"""Own computation, GSE and bank per month as one picture, drawn by the press as inline SVG."""

from collections.abc import Sequence

from django.utils.dates import MONTHS_3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.engine.gse_differences import Line
from reports.money_charts import BANK, GSE, OWN, Amounts, side_by_side


def picture_of_year(lines: Sequence[Line], title: str) -> SafeString:
    """One group of bars per month. What is not known is a gap, not a bar of zero."""
    series = [
        Amounts(_("calcolo proprio"), [line.own_cents for line in lines], OWN),
        Amounts(_("GSE"), [line.gse_cents for line in lines], GSE),
        Amounts(_("banca"), [line.bank_cents for line in lines], BANK),
    ]
    drawn = side_by_side(
        [str(MONTHS_3[line.month.month]).lower() for line in lines],
        series,
        title=title,
        description=_("Tre barre per mese: calcolo proprio, pubblicato dal GSE, arrivato in banca. I numeri sono nella tabella."),
    )
    return mark_safe(drawn)  # noqa: S308  # nosec B308 B703: the press escapes every text of a chart
