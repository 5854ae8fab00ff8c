"""A draft as a form: who gets it, how it is paid, and lines that are added by the handful."""

from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.backoffice.access import Person, list_managed_communities
from apps.engine.invoice_totals import NATURES
from apps.invoicing.invoices.drafts import LineFacts
from apps.invoicing.invoices.models import SERIES, Customer, Invoice
from reports.fattura_pa import REFERENCES

RATES = ("22", "10", "5", "4")
SPARE_LINES, MOST_LINES = 3, 100
_PLACES = 8


def _taxes() -> list[tuple[str, str]]:
    rates = [(rate, f"IVA {rate} %") for rate in RATES]
    return [("", "—"), *rates, *((nature, f"{nature} {REFERENCES.get(nature, '')}".strip()) for nature in NATURES)]


def _number(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(max_digits=19, decimal_places=_PLACES, localize=True, **options)


class DraftForm(forms.Form):
    """Everything but the lines. Customers are those of the communities that the person administers."""

    customer = forms.ModelChoiceField(label=_("Cliente"), queryset=Customer.objects.none())
    series = forms.CharField(label=_("Serie"), required=False, max_length=6, validators=[SERIES])
    due_on = forms.DateField(
        label=_("Da pagare entro"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    vat_due = forms.ChoiceField(label=_("Esigibilità IVA"), choices=Invoice.VatDue.choices)
    charge_stamp = forms.BooleanField(label=_("Bollo a carico del cliente"), required=False)
    note = forms.CharField(label=_("Causale"), required=False, max_length=400)

    def __init__(self, *args: Any, user: Person, **named: Any) -> None:
        super().__init__(*args, **named)
        customers = Customer.objects.filter(community__in=list_managed_communities(user)).select_related("community")
        self.fields["customer"] = forms.ModelChoiceField(label=_("Cliente"), queryset=customers)


class LineForm(forms.Form):
    """One line; left empty it counts for nothing."""

    text = forms.CharField(label=_("Descrizione"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2, "cols": 36}))
    quantity = _number(label=_("Quantità"), initial=1, min_value=Decimal("0.00000001"))
    unit = forms.CharField(label=_("Unità"), required=False, max_length=10)
    unit_price_eur = _number(label=_("Prezzo unitario (€)"))
    tax = forms.ChoiceField(label=_("IVA o natura"), choices=_taxes)
    first_day = forms.DateField(label=_("Dal"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last_day = forms.DateField(label=_("Al"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if (first or last) and not (first and last and first <= last):
            self.add_error("last_day", say("Il periodo ha bisogno di un inizio e di una fine, non prima dell’inizio."))
        return cleaned

    def facts(self) -> LineFacts:
        said = self.cleaned_data
        tax = said["tax"]
        return LineFacts(
            text=said["text"],
            unit_price_eur=said["unit_price_eur"],
            quantity=said["quantity"],
            unit=said["unit"],
            vat_percent=Decimal(tax) if tax in RATES else Decimal(0),
            nature="" if tax in RATES else tax,
            first_day=said["first_day"],
            last_day=said["last_day"],
        )


class BaseLines(BaseFormSet):  # type: ignore[type-arg]
    """The lines that were filled in; at least one."""

    def clean(self) -> None:
        if not any(self.errors) and not self.list_facts():
            raise forms.ValidationError(say("Scrivi almeno una riga: che cosa si fattura."))

    def list_facts(self) -> list[LineFacts]:
        filled = [form for form in self.forms if form.has_changed() and not form.cleaned_data.get("DELETE")]
        return [form.facts() for form in filled if isinstance(form, LineForm)]


LineFormSet = formset_factory(
    LineForm,
    formset=BaseLines,
    extra=SPARE_LINES,
    can_delete=True,
    max_num=MOST_LINES,
    absolute_max=MOST_LINES,
    validate_max=True,
)


def initial_of(invoice: Invoice) -> dict[str, Any]:
    return {name: getattr(invoice, name) for name in ("customer", "series", "due_on", "vat_due", "charge_stamp", "note")}


def initial_lines(invoice: Invoice) -> list[dict[str, Any]]:
    return [
        {
            "text": line.text,
            "quantity": line.quantity.normalize(),
            "unit": line.unit,
            "unit_price_eur": line.unit_price_eur.normalize(),
            "tax": line.nature or format(line.vat_percent.normalize(), "f"),
            "first_day": line.first_day,
            "last_day": line.last_day,
        }
        for line in invoice.lines.order_by("position")
    ]
