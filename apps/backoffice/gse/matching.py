"""What one receipt pays: as the program proposes it, or as an administrator says, with every earlier word."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import person
from apps.backoffice.gse.access import gse_crumb, may_act, number_of, of_visible_configuration, year_crumb
from apps.backoffice.pages import show_page
from apps.backoffice.templatetags.quantities import euro, month_name
from apps.communities.models import Configuration
from apps.engine.gse_payments import Payment, Published
from apps.settlement.gse.errors import MatchRefused
from apps.settlement.gse.operations import match_receipt as say_what_it_pays
from apps.settlement.gse.payments import ConfigurationPayments, get_payments
from apps.settlement.models import BankReceipt, ReceiptMatch

Says = ReceiptMatch.Says
MOST_MONTHS = 3  # of a payment, by name


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A receipt as the reconciliation lists it: what it pays, and who said so (nobody: the program proposes it)."""

    receipt: BankReceipt
    pays: str
    said: ReceiptMatch | None
    address: str


class MatchForm(forms.Form):
    """What the receipt pays, why, and which word about it was on the screen."""

    pays = forms.ChoiceField(label=lazy("Che cosa paga"))
    reason = forms.CharField(label=lazy("Perché"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["pays"].choices = choices  # type: ignore[attr-defined]


@of_visible_configuration("GET", "HEAD", "POST")
def match_receipt(request: HttpRequest, configuration: Configuration, receipt_id: int) -> HttpResponse:
    """GET: what the receipt pays, who said what of it. POST: an administrator says it; earlier words stay as they were."""
    gathered = get_payments(configuration=configuration, on=timezone.localdate())
    receipt = gathered.receipts.get(receipt_id)
    if receipt is None:
        raise Http404
    last = gathered.words.get(receipt.pk)
    choices = _choices(gathered)
    seen = str(last.pk) if last else ""
    form = MatchForm(request.POST or None, choices=choices, initial={"pays": _chosen(gathered, receipt), "seen": seen})
    refusal = ""
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            say_what_it_pays(
                receipt_id=receipt.pk,
                says=said["pays"] if said["pays"] in (Says.NOTHING, Says.PROPOSED) else Says.PAYS,
                publication_id=number_of(said["pays"]) or None,
                reason=said["reason"],
                seen_id=number_of(said["seen"]) or None,
                said_by=person(request),
                as_of=timezone.now(),
            )
        except MatchRefused as error:
            refusal = str(error)
        else:
            messages.success(request, _("Registrato, con il tuo nome."))
            return redirect("admin:settlement_gsepublication_match", configuration.pk, receipt.pk)
    return show_page(
        request,
        "backoffice/gse/match.html",
        title=_("Accredito del %(day)s, %(cents)s")
        % {"day": date_format(receipt.value_date, "d/m/Y"), "cents": euro(receipt.cents)},
        crumbs=[gse_crumb(), year_crumb(configuration, receipt.value_date.year)],
        status=422 if refusal or form.errors else 200,
        receipt=receipt,
        pays=describe_pays(gathered, receipt.pk),
        last=last,
        seen=seen,
        form=form,
        refusal=refusal,
        words=[(row, _words_of(row)) for row in _history(receipt)],
        may_act=may_act(request.user, configuration),
    )


def list_receipt_lines(configuration: Configuration, gathered: ConfigurationPayments, year: int) -> list[ReceiptLine]:
    """Receipts that pay an amount of the year, and those of no payment that came in the year or the next, by day."""
    wanted = {
        receipt.number
        for payment in gathered.payments.payments
        if any(line.month.year == year for line in payment.lines)
        for receipt in payment.receipts
    }
    wanted |= {one.number for one in gathered.payments.unmatched if one.value_date.year in (year, year + 1)}
    rows = sorted((gathered.receipts[number] for number in wanted), key=lambda row: (row.value_date, row.pk))
    return [
        ReceiptLine(
            receipt=row,
            pays=describe_pays(gathered, row.pk),
            said=None if (word := gathered.words.get(row.pk)) and word.says == Says.PROPOSED else word,
            address=reverse("admin:settlement_gsepublication_match", args=[configuration.pk, row.pk]),
        )
        for row in rows
    ]


def describe_pays(gathered: ConfigurationPayments, receipt_id: int) -> str:
    """The payment that a receipt is, in words; "" for none."""
    payment = _payment_of(gathered, receipt_id)
    return describe_payment(payment) if payment else ""


def describe_payment(payment: Payment) -> str:
    return _("pagamento atteso il %(day)s, %(cents)s (%(months)s)") % {
        "day": date_format(payment.due_on, "d/m/Y"),
        "cents": euro(payment.cents),
        "months": _months(payment.lines),
    }


def _payment_of(gathered: ConfigurationPayments, receipt_id: int) -> Payment | None:
    return next(
        (one for one in gathered.payments.payments if any(receipt.number == receipt_id for receipt in one.receipts)), None
    )


def _choices(gathered: ConfigurationPayments) -> list[tuple[str, str]]:
    """The program's proposal, nothing, every payment (the latest first), and what waits below the threshold."""
    payments = sorted(gathered.payments.payments, key=lambda one: one.due_on, reverse=True)
    found = [(Says.PROPOSED.value, _("decide il programma, da importo e data")), (Says.NOTHING.value, _("niente di atteso"))]
    found += [(str(one.lines[0].number), describe_payment(one)) for one in payments]
    if carried := gathered.payments.carried:
        cents = sum(line.cents for line in carried)
        text = _("importi finora riportati, %(cents)s (%(months)s)") % {"cents": euro(cents), "months": _months(carried)}
        found.append((str(carried[0].number), text))
    return found


def _chosen(gathered: ConfigurationPayments, receipt: BankReceipt) -> str:
    word = gathered.words.get(receipt.pk)
    payment = _payment_of(gathered, receipt.pk)
    if word is not None and word.says == Says.PAYS and payment is not None:
        return str(payment.lines[0].number)
    return str(word.says) if word is not None and word.says != Says.PAYS else Says.PROPOSED.value


def _months(lines: tuple[Published, ...]) -> str:
    months = sorted({line.month for line in lines})
    if len(months) <= MOST_MONTHS:
        return ", ".join(month_name(month) for month in months)
    return _("da %(first)s a %(last)s") % {"first": month_name(months[0]), "last": month_name(months[-1])}


def _history(receipt: BankReceipt) -> list[ReceiptMatch]:
    rows = ReceiptMatch.objects.filter(receipt=receipt).select_related("publication", "said_by").order_by("-pk")
    return list(rows)


def _words_of(row: ReceiptMatch) -> str:
    """What somebody said, as the list of earlier words shows it."""
    if row.publication is None:
        return str(row.get_says_display())
    return _("paga ciò che il GSE ha pubblicato il %(day)s: %(item)s di %(month)s, %(cents)s, con il resto del pagamento") % {
        "day": date_format(row.publication.published_on, "d/m/Y"),
        "item": row.publication.get_item_display(),
        "month": month_name(row.publication.month),
        "cents": euro(row.publication.cents),
    }
