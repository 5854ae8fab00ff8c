"""How a community pays: the minimum, the bank's dialect and codes, when to ask what became of a file."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.pages import show_page
from apps.backoffice.payouts.access import of_visible_community
from apps.backoffice.payouts.labels import batches_crumb
from apps.communities.models import Community
from apps.invoicing.models import PayoutSettings
from apps.invoicing.payouts import operations

_CUC = re.compile(r"[A-Z0-9]{8}")
_BIC = re.compile(r"[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?")
Dialect = PayoutSettings.Dialect


class SettingsForm(forms.Form):
    minimum_eur = forms.DecimalField(
        label=lazy("Pagamento minimo (€)"), min_value=Decimal(0), max_value=Decimal(10_000), decimal_places=2, localize=True,
        help_text=lazy("Un saldo più piccolo si somma al prossimo. Chi è uscito dalla comunità è pagato comunque."),
    )  # fmt: skip
    dialect = forms.ChoiceField(label=lazy("Formato del file"), choices=Dialect.choices)
    cuc = forms.CharField(
        label=lazy("CUC"), required=False, max_length=8, help_text=lazy("Il codice che la banca dà a chi usa il CBI.")
    )
    bic = forms.CharField(label=lazy("BIC"), required=False, max_length=11)
    remind_after_days = forms.IntegerField(
        label=lazy("Promemoria dopo (giorni)"), min_value=1, max_value=90,
        help_text=lazy("Quanto aspettare prima di chiedere che fine ha fatto una distinta."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        found["cuc"], found["bic"] = found.get("cuc", "").upper(), found.get("bic", "").upper()
        if found["cuc"] and not _CUC.fullmatch(found["cuc"]):
            self.add_error("cuc", _("Un CUC ha otto lettere maiuscole o cifre."))
        if not found["cuc"] and found.get("dialect") != Dialect.ISO:
            self.add_error("cuc", _("Per il formato CBI serve il CUC."))
        if found["bic"] and not _BIC.fullmatch(found["bic"]):
            self.add_error("bic", _("Un BIC ha otto o undici lettere e cifre."))
        return found


@of_visible_community("GET", "HEAD", "POST", decides=True)
def edit_settings(request: HttpRequest, community: Community) -> HttpResponse:
    """The settings of one community; batches that exist keep what they were made with."""
    known = PayoutSettings.objects.filter(community=community).first() or PayoutSettings(community=community)
    initial = {
        "minimum_eur": Decimal(known.minimum_cents).scaleb(-2),
        "dialect": known.dialect,
        "cuc": known.cuc,
        "bic": known.bic,
        "remind_after_days": known.remind_after_days,
    }
    form = SettingsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        cents = int(said.pop("minimum_eur").scaleb(2))
        operations.save_settings(community_id=community.pk, minimum_cents=cents, **said)
        messages.success(request, _("Impostazioni salvate."))
        return redirect("admin:invoicing_payoutbatch_changelist")
    title = _("Impostazioni dei pagamenti di %(community)s") % {"community": community.name}
    return show_page(request, "backoffice/payouts/settings.html", title=title, crumbs=[batches_crumb()], form=form)
