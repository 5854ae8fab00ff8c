"""One month in detail: the entries behind every number, and the place to explain a difference."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import person
from apps.backoffice.gse.access import gse_crumb, may_act, of_visible_configuration, year_crumb
from apps.backoffice.gse.labels import contribution_name, outcome_of, sentences
from apps.backoffice.pages import show_page
from apps.backoffice.templatetags.quantities import month_name
from apps.communities.models import Configuration
from apps.engine.gse_differences import Line, Side
from apps.engine.gse_payments import Payment, attribute
from apps.engine.gse_reconciliation import difference_of
from apps.engine.inputs import Contribution
from apps.settlement.gse.errors import NoteRefused
from apps.settlement.gse.operations import explain_difference
from apps.settlement.gse.reconciling import MonthSide, Reconciliation, get_reconciliation
from apps.settlement.models import DifferenceSide, GsePublication, SettlementRun
from apps.settlement.own_months import OwnMonth


class NoteForm(forms.Form):
    """Which difference, how much it was on the screen, and why it is in order."""

    contribution = forms.ChoiceField(choices=[(one.value, one.value) for one in Contribution], widget=forms.HiddenInput)
    side = forms.ChoiceField(choices=DifferenceSide.choices, widget=forms.HiddenInput)
    seen = forms.IntegerField(widget=forms.HiddenInput, localize=False)
    note = forms.CharField(label=lazy("Perché è a posto"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


@of_visible_configuration("GET", "HEAD", "POST")
def show_month(request: HttpRequest, configuration: Configuration, year: int, month: int) -> HttpResponse:
    """GET: the month. POST: a note that explains one difference, if it is still the one that was on the screen."""
    found = get_reconciliation(configuration=configuration, year=year, as_of=timezone.localdate())
    of_month = next((one for one in found.months if one.month.month == month), None)
    if of_month is None:
        raise Http404
    if request.method == "POST":
        return _explain(request, configuration, of_month)
    return show_page(
        request,
        "backoffice/gse/month.html",
        title=_("%(month)s, %(configuration)s")
        % {"month": capfirst(month_name(of_month.month)), "configuration": configuration.code},
        crumbs=[gse_crumb(), year_crumb(configuration, year)],
        configuration=configuration,
        month=of_month.month,
        **_own(found.own.get(of_month.month)),
        lines=[_line(found, of_month, line) for line in of_month.lines],
        total=of_month.total,
        publications=_publications(found, of_month),
        superseded=_superseded(configuration, of_month),
        payments=_payments(found, of_month),
        notes=[note for note in found.notes if note.month == of_month.month],
        may_act=may_act(request.user, configuration),
    )


def _explain(request: HttpRequest, configuration: Configuration, month: MonthSide) -> HttpResponse:
    here = redirect(
        reverse("admin:settlement_gsepublication_month", args=[configuration.pk, month.month.year, month.month.month])
    )
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Scrivi perché la differenza è a posto."))
        return here
    said = form.cleaned_data
    line = next(one for one in month.lines if one.contribution.value == said["contribution"])
    if difference_of(line, Side(said["side"])) != said["seen"]:
        messages.warning(request, _("Nel frattempo la differenza è cambiata. Guardala di nuovo, poi spiegala."))
        return here
    try:
        explain_difference(
            configuration=configuration,
            month=month.month,
            contribution=said["contribution"],
            side=said["side"],
            difference_cents=said["seen"],
            note=said["note"],
            noted_by=person(request),
            as_of=timezone.now(),
        )
    except NoteRefused as refusal:
        messages.error(request, str(refusal))
        return here
    messages.success(request, _("La differenza è spiegata, con il tuo nome."))
    return here


def _own(own: OwnMonth | None) -> dict[str, Any]:
    """The run behind the own computation, and what the members got instead where it was GSE's."""
    if own is None:
        return {"run": None}
    return {
        "run": own.run,
        "is_advance": own.run.settled_as == SettlementRun.Kind.ADVANCE,
        "divided": [(contribution_name(one), own.divided[one]) for one in Contribution if one in own.from_gse],
    }


def _line(found: Reconciliation, month: MonthSide, line: Line) -> dict[str, Any]:
    """A contribution with its numbers, its reasons, and what can be explained of it."""
    tone, outcome = outcome_of(line)
    expected = month.expected.get(line.contribution)
    open_sides = []
    for side in Side:
        if any(finding.side == side and finding.reason.is_open for finding in line.findings):
            open_sides.append({"side": side.value, "name": DifferenceSide(side.value).label, "cents": difference_of(line, side)})
    return {
        "line": line,
        "name": contribution_name(line.contribution),
        "tone": tone,
        "outcome": outcome,
        "sentences": sentences(line),
        "expected": expected,
        "open_sides": [one for one in open_sides if one["cents"]],
    }


def _publications(found: Reconciliation, month: MonthSide) -> list[GsePublication]:
    return [row for row in found.publications.values() if row.month == month.month]


def _superseded(configuration: Configuration, month: MonthSide) -> list[GsePublication]:
    """What GSE published before and took back: kept, and shown apart."""
    rows = GsePublication.objects.filter(configuration=configuration, month=month.month, superseded_by__isnull=False)
    return list(rows.select_related("plant", "brought_by").order_by("published_on", "pk"))


def _payments(found: Reconciliation, month: MonthSide) -> list[dict[str, Any]]:
    """Every payment that brings an amount of the month, what it was for in all, and the receipts."""
    return [
        {
            "payment": payment,
            "cents": sum(line.cents for line in payment.lines if line.month == month.month),
            "received": _received(payment, month.month),
            "receipts": [found.receipts[receipt.number] for receipt in payment.receipts],
        }
        for payment in month.payments
    ]


def _received(payment: Payment, month: date) -> int | None:
    parts = attribute(payment)
    return sum(parts[line.number] for line in payment.lines if line.month == month) if parts else None
