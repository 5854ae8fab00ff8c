"""Invoices and customers in the admin: a list with totals, pages of our own behind it. An invoice is never edited by hand."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.backoffice.access import list_visible_communities, manages_any_community, sees_any_community
from apps.backoffice.invoicing import draft, page
from apps.backoffice.invoicing.access import list_visible_invoices
from apps.backoffice.own_pages import OwnPagesAdmin
from apps.backoffice.records.forms import RecordForm, line, masked
from apps.backoffice.records.scoping import CommunityScopedAdmin
from apps.backoffice.templatetags.quantities import euro
from apps.communities.community_file import scalars
from apps.invoicing.invoices.models import Customer, Invoice

_PERSONAL = ("tax_code", "vat_number", "street", "pec")


class YearFilter(admin.SimpleListFilter):
    title = _("anno")
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        years = model_admin.get_queryset(request).exclude(year=None).order_by("-year").values_list("year", flat=True).distinct()
        return [(str(year), str(year)) for year in years[:20]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> QuerySet[Invoice]:
        value = self.value() or ""
        return queryset.filter(year=int(value)) if value.isascii() and value.isdigit() and len(value) < 5 else queryset


class StateFilter(admin.SimpleListFilter):
    title = _("stato")
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("draft", say("bozza")), ("issued", say("emessa")), ("voided", say("stornata"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> QuerySet[Invoice]:
        voided = Q(credit_note__state=Invoice.State.ISSUED)
        match self.value():
            case "draft":
                return queryset.filter(state=Invoice.State.DRAFT)
            case "issued":
                return queryset.filter(state=Invoice.State.ISSUED).exclude(voided)
            case "voided":
                return queryset.filter(voided)
        return queryset


@admin.register(Invoice)
class InvoiceAdmin(OwnPagesAdmin):
    list_display = ("numbered", "kind", "customer_name", "issued", "state_pill", "net", "vat", "total")
    list_display_links = ("numbered",)
    list_filter = (StateFilter, "kind", YearFilter, ("issuer", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("issuer", "credit_note")
    search_fields = ("customer_name", "note")
    list_per_page = 50
    show_full_result_count = False
    change_list_template = "backoffice/invoicing/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invoice]:
        return list_visible_invoices(request.user).defer("frozen", "credit_note__frozen")

    def has_view_permission(self, request: HttpRequest, obj: Invoice | None = None) -> bool:
        if obj is None:
            return sees_any_community(request)
        return list_visible_communities(request.user).filter(pk=obj.issuer_id).exists()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, and what the issued documents of the whole filter come to: credit notes are taken off."""
        extra = {"title": _("Fatture"), "may_write": manages_any_community(request)}
        response: Any = super().changelist_view(request, {**(extra_context or {}), **extra})
        if (found := getattr(response, "context_data", {}).get("cl")) is not None:
            response.context_data["totals"] = _totals(found.queryset)
        return response

    def get_urls(self) -> list[URLPattern]:
        """The list and our own pages; none of the stock pages that change, delete or show a history."""
        return [
            self.own("", self.changelist_view, "changelist"),
            self.own("new/", draft.new_invoice, "new"),
            self.own("<int:invoice_id>/", page.show_invoice, "change"),
            self.own("<int:invoice_id>/edit/", draft.edit_invoice, "edit"),
            self.own("<int:invoice_id>/preview/<str:kind>/", page.show_preview, "preview"),
            self.own("<int:invoice_id>/issue/", page.issue_invoice, "issue"),
            self.own("<int:invoice_id>/void/", page.void_invoice, "void"),
            self.own("<int:invoice_id>/replace/", page.replace_invoice, "replace"),
            self.own("<int:invoice_id>/discard/", page.discard_draft, "discard"),
            self.own("<int:invoice_id>/retry/", page.retry, "retry"),
            self.own("<int:invoice_id>/files/<int:file_id>/", page.download_file, "file"),
        ]

    @admin.display(description=_("numero"), ordering="number")
    def numbered(self, invoice: Invoice) -> SafeString:
        return format_html('<span class="nowrap">{}</span>', invoice.reference or say("bozza"))

    @admin.display(description=_("data"), ordering="issued_on")
    def issued(self, invoice: Invoice) -> str:
        return f"{invoice.issued_on:%d/%m/%Y}" if invoice.issued_on else "–"

    @admin.display(description=_("stato"), ordering="state")
    def state_pill(self, invoice: Invoice) -> SafeString:
        tone, text = state_of(invoice)
        return format_html('<span class="pill {}">{}</span>', tone, text)

    @admin.display(description=_("imponibile"), ordering="net_cents")
    def net(self, invoice: Invoice) -> str:
        return euro(_signed(invoice, invoice.net_cents))

    @admin.display(description=_("IVA"), ordering="vat_cents")
    def vat(self, invoice: Invoice) -> str:
        return euro(_signed(invoice, invoice.vat_cents))

    @admin.display(description=_("totale"), ordering="total_cents")
    def total(self, invoice: Invoice) -> str:
        return euro(_signed(invoice, invoice.total_cents))


def state_of(invoice: Invoice) -> tuple[str, str]:
    """Tone and word: a voided invoice is told by the credit note that points back, never by a word of its own."""
    credit = getattr(invoice, "credit_note", None)
    if credit is not None and credit.state == Invoice.State.ISSUED:
        return "parked", say("stornata")
    return ("approved" if invoice.state == Invoice.State.ISSUED else "waiting"), invoice.get_state_display()


def _signed(invoice: Invoice, cents: int) -> int:
    return -cents if invoice.kind == Invoice.Kind.CREDIT_NOTE else cents


def _totals(rows: QuerySet[Invoice]) -> dict[str, int]:
    issued = rows.filter(state=Invoice.State.ISSUED).order_by()
    names = ("net_cents", "vat_cents", "total_cents")
    sums = {f"{name}_{kind}": Coalesce(Sum(F(name), filter=Q(kind=kind)), 0) for name in names for kind in Invoice.Kind.values}
    found = issued.aggregate(**sums)
    return {name: found[f"{name}_TD01"] - found[f"{name}_TD04"] for name in names} | {"count": issued.count()}


class CustomerForm(RecordForm):
    """Who gets invoices: a member or somebody else, held to what the tax office would refuse."""

    checks = {"tax_code": scalars.to_tax_code, "vat_number": scalars.to_tax_code}
    vat_number = line(label=_("Partita IVA"), help_text=_("Undici cifre."))
    tax_code = line(label=_("Codice fiscale"))
    street = line(label=_("Via e numero civico"), max_length=60)
    pec = line(label=_("PEC"), help_text=_("Solo con il codice destinatario 0000000."))
    recipient_code = forms.CharField(
        label=_("Codice destinatario"),
        max_length=7,
        initial="0000000",
        help_text=_("Sette caratteri; sei per una pubblica amministrazione; 0000000 per chi non ne ha."),
    )

    class Meta:
        model = Customer
        fields = (
            "community", "member", "name", "first_name", "last_name", "vat_number", "tax_code", "street", "postcode", "town",
            "province", "recipient_code", "pec", "is_public_body",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        member = cleaned.get("member")
        community = cleaned.get("community") or getattr(self.instance, "community", None)
        if member is not None and community is not None and member.community_id != community.pk:
            self.add_error("member", say("Il socio è di un’altra comunità."))
        if not (cleaned.get("vat_number") or cleaned.get("tax_code")):
            self.add_error("tax_code", say("Serve il codice fiscale o la partita IVA."))
        if not cleaned.get("street"):
            self.add_error("street", say("Serve l’indirizzo: le fatture lo riportano."))
        person = bool(cleaned.get("first_name") and cleaned.get("last_name"))
        some = bool(cleaned.get("first_name") or cleaned.get("last_name"))
        if bool(cleaned.get("name")) == person or (cleaned.get("name") and some):
            self.add_error("name", say("Serve la denominazione, oppure nome e cognome: non entrambi."))
        return cleaned

    def clean_vat_number(self) -> str:
        number: str = self.cleaned_data["vat_number"].strip().upper().removeprefix("IT")
        if number and not (number.isascii() and number.isdigit() and len(number) == 11):
            raise ValidationError(say("La partita IVA ha undici cifre."))
        return number


@admin.register(Customer)
class CustomerAdmin(CommunityScopedAdmin):
    form = CustomerForm
    list_display = ("__str__", "member", "town", "tax_code_masked", "recipient_code")
    list_filter = (("community", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("community", "member")
    search_fields = ("name", "last_name", "first_name")
    fixed_fields = ("community", "member")
    actions = None

    def get_fields(self, request: HttpRequest, obj: Customer | None = None) -> Any:
        """Who may only look sees no personal value."""
        if self.has_add_permission(request) and (obj is None or self.has_change_permission(request, obj)):
            return CustomerForm.Meta.fields
        return [name for name in CustomerForm.Meta.fields if name not in _PERSONAL] + ["tax_code_masked"]

    def get_readonly_fields(self, request: HttpRequest, obj: Customer | None = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "tax_code_masked")

    @admin.display(description=_("codice fiscale o partita IVA"))
    def tax_code_masked(self, customer: Customer) -> str:
        return masked(customer.tax_code or customer.vat_number)
