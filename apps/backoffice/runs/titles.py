"""How a run is called on a page."""

from django.utils.translation import gettext as _

from apps.backoffice.templatetags.quantities import month_name
from apps.settlement.models import SettlementRun


def title_of(run: SettlementRun) -> str:
    """CER-ALBA-A · marzo 2023 · provvisoria, versione 1"""
    return _("%(configuration)s · %(month)s · %(kind)s, versione %(version)s") % {
        "configuration": run.configuration.code,
        "month": month_name(run.month),
        "kind": run.get_kind_display(),
        "version": run.version,
    }
