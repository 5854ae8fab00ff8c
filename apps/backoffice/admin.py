"""Django looks here for what the admin shows: one module per subject."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.backoffice.accounting import admin as accounting
from apps.backoffice.delivery import admin as delivery
from apps.backoffice.devices import admin as devices
from apps.backoffice.gse import admin as gse
from apps.backoffice.invoicing import admin as invoicing
from apps.backoffice.measures import admin as measures
from apps.backoffice.payouts import admin as payouts
from apps.backoffice.records import admin as records
from apps.backoffice.runs import admin as runs

admin.site.site_title = admin.site.site_header = "CerCollettiva"
admin.site.index_title = _("Amministrazione")
admin.site.enable_nav_sidebar = False  # tables need the width; the ways in stand in the header

__all__ = ["accounting", "delivery", "devices", "gse", "invoicing", "measures", "payouts", "records", "runs"]
