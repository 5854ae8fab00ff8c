"""Invoices, credit notes, who gets them, and the counters of their numbers. What is issued never changes: triggers refuse it."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext_lazy as _

from apps.accounts.encryption import EncryptedTextField
from apps.communities.models import Community, Member
from apps.communities.models.community import POSTCODE, PROVINCE
from apps.invoicing.rendered import READY_HAS_HASH, RenderedFile

SERIES = RegexValidator(r"^[A-Z0-9]{0,6}$", _("Una serie ha al massimo sei lettere maiuscole e cifre."))


class NumberSeries(models.Model):
    """The last number taken by one issuer in one year and series. Rises by one, in the transaction that writes the document."""

    issuer = models.ForeignKey(Community, models.PROTECT, related_name="+", verbose_name=_("comunità"))
    year = models.PositiveSmallIntegerField(_("anno"))
    series = models.CharField(_("serie"), max_length=6, blank=True, validators=[SERIES])
    last = models.PositiveIntegerField(_("ultimo numero"), default=0)

    class Meta:
        verbose_name = _("serie di numeri")
        verbose_name_plural = _("serie di numeri")
        constraints = [models.UniqueConstraint(fields=["issuer", "year", "series"], name="series_one_per_issuer_and_year")]

    def __str__(self) -> str:
        return f"{self.year}/{self.series}/{self.last}"


class Customer(models.Model):
    """Who gets invoices from a community: a member or somebody else, with the tax data that an invoice wants."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="customers", verbose_name=_("comunità"))
    member = models.OneToOneField(
        Member, models.PROTECT, null=True, blank=True, related_name="customer", verbose_name=_("socio")
    )  # set once: it decides whose portal shows the invoices
    name = models.CharField(_("denominazione"), max_length=200, blank=True)
    first_name = models.CharField(_("nome"), max_length=60, blank=True)
    last_name = models.CharField(_("cognome"), max_length=60, blank=True)
    vat_number = EncryptedTextField(_("partita IVA"), blank=True)
    tax_code = EncryptedTextField(_("codice fiscale"), blank=True)
    street = EncryptedTextField(_("via e numero civico"), blank=True)
    postcode = models.CharField(_("CAP"), max_length=5, validators=[POSTCODE])
    town = models.CharField(_("comune"), max_length=60)
    province = models.CharField(_("provincia"), max_length=2, blank=True, validators=[PROVINCE])
    recipient_code = models.CharField(_("codice destinatario"), max_length=7, default="0000000")
    pec = EncryptedTextField(_("PEC"), blank=True)
    is_public_body = models.BooleanField(_("pubblica amministrazione"), default=False)

    class Meta:
        verbose_name = _("cliente")
        verbose_name_plural = _("clienti")
        ordering = ["community", "name", "last_name", "first_name"]
        constraints = [
            models.CheckConstraint(
                name="customer_name_or_first_and_last",
                condition=(~Q(name="") & Q(first_name="", last_name="")) | (Q(name="") & ~Q(first_name="") & ~Q(last_name="")),
            )
        ]

    def __str__(self) -> str:
        return self.name or f"{self.first_name} {self.last_name}"


class Invoice(models.Model):
    """An invoice or a credit note. Issued, it has a number and says what `frozen` says (JSON), for ever.

    A credit note `voids` one invoice as a whole; an invoice that `replaces` a voided one points back to it.
    """

    class Kind(models.TextChoices):
        INVOICE = "TD01", _("fattura")
        CREDIT_NOTE = "TD04", _("nota di credito")

    class State(models.TextChoices):
        DRAFT = "draft", _("bozza")
        ISSUED = "issued", _("emessa")

    class VatDue(models.TextChoices):
        AT_ONCE = "I", _("immediata")
        DEFERRED = "D", _("differita")
        SPLIT = "S", _("scissione dei pagamenti")

    issuer = models.ForeignKey(Community, models.PROTECT, related_name="invoices", verbose_name=_("comunità"))
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="invoices", verbose_name=_("cliente"))
    kind = models.CharField(_("tipo"), max_length=4, choices=Kind.choices, default=Kind.INVOICE)
    state = models.CharField(_("stato"), max_length=6, choices=State.choices, default=State.DRAFT)
    series = models.CharField(_("serie"), max_length=6, blank=True, validators=[SERIES])
    year = models.PositiveSmallIntegerField(_("anno"), null=True)
    number = models.PositiveIntegerField(_("numero"), null=True)
    issued_on = models.DateField(_("data"), null=True)
    due_on = models.DateField(_("scadenza"), null=True, blank=True)
    vat_due = models.CharField(_("esigibilità IVA"), max_length=1, choices=VatDue.choices, default=VatDue.AT_ONCE)
    charge_stamp = models.BooleanField(_("bollo a carico del cliente"), default=False)
    note = models.CharField(_("causale"), max_length=400, blank=True)
    voids = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="credit_note", verbose_name=_("storna")
    )
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replacement", verbose_name=_("sostituisce")
    )
    reason = models.CharField(_("motivo dello storno"), max_length=300, blank=True)
    customer_name = models.CharField(_("intestata a"), max_length=200, blank=True)
    net_cents = models.BigIntegerField(_("imponibile"), default=0)
    vat_cents = models.BigIntegerField(_("IVA"), default=0)
    total_cents = models.BigIntegerField(_("totale"), default=0)
    frozen = EncryptedTextField(blank=True)
    frozen_sha256 = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("creata da")
    )
    created_at = models.DateTimeField(_("creata il"))
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("emessa da")
    )
    issued_at = models.DateTimeField(_("emessa il"), null=True)

    class Meta:
        verbose_name = _("fattura")
        verbose_name_plural = _("fatture e note di credito")
        ordering = ["-issued_on", "-number", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "year", "series", "number"], name="invoice_number_once"),
            models.CheckConstraint(
                name="invoice_issued_is_complete",
                condition=Q(state="draft", number=None, year=None, issued_on=None, issued_at=None, frozen="")
                | (
                    Q(state="issued", number__gte=1, issued_at__isnull=False, year=ExtractYear("issued_on"))
                    & ~Q(frozen="")
                    & ~Q(frozen_sha256="")
                ),
            ),
            models.CheckConstraint(
                name="invoice_credit_note_voids",
                condition=Q(kind="TD04", voids__isnull=False, replaces=None) | Q(kind="TD01", voids=None),
            ),
            models.CheckConstraint(name="invoice_due_after_issue", condition=Q(due_on=None) | Q(due_on__gte=F("issued_on"))),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference or self.get_state_display()}"

    @property
    def reference(self) -> str:
        """The fiscal number, series included; empty before it is issued."""
        return reference_of(self.year, self.series, self.number) if self.number and self.year else ""


class InvoiceLine(models.Model):
    """One line: quantity times unit price, rounded half-up, is `net_cents`; a rate above zero or a nature."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines", verbose_name=_("fattura"))
    position = models.PositiveSmallIntegerField(_("posizione"))
    text = models.CharField(_("descrizione"), max_length=1000)
    quantity = models.DecimalField(_("quantità"), max_digits=19, decimal_places=8, default=1)
    unit = models.CharField(_("unità"), max_length=10, blank=True)
    unit_price_eur = models.DecimalField(_("prezzo unitario (€)"), max_digits=19, decimal_places=8)
    vat_percent = models.DecimalField(_("IVA (%)"), max_digits=5, decimal_places=2, default=0)
    nature = models.CharField(_("natura"), max_length=4, blank=True)
    first_day = models.DateField(_("dal"), null=True, blank=True)
    last_day = models.DateField(_("al"), null=True, blank=True)
    net_cents = models.BigIntegerField(_("importo"))

    class Meta:
        verbose_name = _("riga")
        verbose_name_plural = _("righe")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="line_position_once"),
            models.CheckConstraint(name="line_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="line_rate_or_nature", condition=Q(vat_percent=0, nature__gt="") | Q(vat_percent__gt=0, nature="")
            ),
        ]

    def __str__(self) -> str:
        return self.text


class InvoiceFile(RenderedFile):
    """What is printed of an issued invoice: a PDF, and the tax office's XML where the issuer has a VAT number."""

    class Kind(models.TextChoices):
        PDF = "pdf", _("PDF")
        XML = "xml", _("FatturaPA XML")

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="files", verbose_name=_("fattura"))
    kind = models.CharField(_("tipo"), max_length=3, choices=Kind.choices)

    class Meta:
        verbose_name = _("file di fattura")
        verbose_name_plural = _("file di fatture")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "kind"], name="file_one_per_invoice_and_kind"),
            models.CheckConstraint(name="file_ready_has_hash", condition=READY_HAS_HASH),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} {self.kind}"


def reference_of(year: int, series: str, number: int) -> str:
    """The fiscal number as it is printed: 2026/17, or 2026/A/17 in a series. At most 20 characters."""
    return f"{year}/{series}/{number}" if series else f"{year}/{number}"
