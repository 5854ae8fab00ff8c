"""The reconciliation of a year: months against own computation, GSE and bank, per contribution or in total."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.backoffice.access import list_managed_configurations, list_visible_configurations, only, person
from apps.backoffice.gse.access import gse_crumb, may_act, of_visible_configuration
from apps.backoffice.gse.labels import contribution_name, outcome_of, sentences
from apps.backoffice.gse.matching import list_receipt_lines
from apps.backoffice.gse.pictures import picture_of_year
from apps.backoffice.gse.true_ups import list_true_up_notes
from apps.backoffice.pages import show_page
from apps.communities.models import Configuration
from apps.engine.gse_differences import Line
from apps.engine.inputs import Contribution
from apps.settlement.gse.queries import get_amounts_source, list_receipts_in_force
from apps.settlement.gse.reconciling import Reconciliation, get_reconciliation
from apps.settlement.models import AmountsChoice, GseImport

MOST_YEARS = 8
MOST_IMPORTS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One month as the table shows it."""

    month: date
    line: Line
    tone: str
    outcome: str
    sentences: list[str]
    address: str


@only("GET", "HEAD")
def list_configurations(request: HttpRequest) -> HttpResponse:
    """The way in: every configuration with its years, receipts that nobody assigned, and the last files."""
    user, today = person(request), timezone.localdate()
    configurations = list(list_visible_configurations(user).order_by("code"))
    communities = {row.community_id for row in configurations}
    waiting = sum(
        list_receipts_in_force(community_id=community).filter(configuration=None).count() for community in sorted(communities)
    )
    return show_page(
        request,
        "backoffice/gse/configurations.html",
        title=_("GSE e banca"),
        rows=[(row, _years(row, today)) for row in configurations],
        true_ups=list_true_up_notes(configurations, today=today),
        imports=GseImport.objects.filter(community__in=communities).select_related("community", "imported_by")[:MOST_IMPORTS],
        waiting=waiting,
        may_import=_manages_any(user),
    )


@of_visible_configuration("GET", "HEAD")
def show_year(request: HttpRequest, configuration: Configuration, year: int) -> HttpResponse:
    """`?of=` chooses a contribution; without it the total of all three."""
    today = timezone.localdate()
    found = get_reconciliation(configuration=configuration, year=year, as_of=today)
    wanted = request.GET.get("of", "")
    chosen = Contribution(wanted) if wanted in [one.value for one in Contribution] else None
    lines = [
        next(line for line in month.lines if line.contribution == chosen) if chosen else month.total for month in found.months
    ]
    receipts = list_receipt_lines(configuration, found.gathered, year)
    name = contribution_name(chosen) if chosen else _("Totale")
    address = reverse("admin:settlement_gsepublication_year", args=[configuration.pk, year])
    return show_page(
        request,
        "backoffice/gse/year.html",
        title=_("Riconciliazione %(year)s di %(configuration)s") % {"year": year, "configuration": configuration.code},
        crumbs=[gse_crumb()],
        configuration=configuration,
        true_ups=list_true_up_notes([configuration], today=today),
        year=year,
        years=_years(configuration, today),
        found=found,
        rows=[_row(configuration, line) for line in lines],
        total=_sums(lines),
        name=name,
        chosen=chosen.value if chosen else "",
        choices=[
            ("", _("Totale"), address),
            *((one.value, contribution_name(one), f"{address}?of={one.value}") for one in Contribution),
        ],
        picture=picture_of_year(lines, f"{name}, {configuration.code} {year}") if lines else "",
        tiles=_tiles(found),
        payments=_payments(found, year),
        divided=[month for month, own in sorted(found.own.items()) if own.from_gse],
        receipts=receipts,
        unmatched=sum(not one.pays for one in receipts),
        carried=sum(line.cents for line in found.payments.carried),
        source=AmountsChoice.Source(get_amounts_source(configuration_id=configuration.pk, month=today)).label,
        may_act=may_act(request.user, configuration),
    )


def _row(configuration: Configuration, line: Line) -> Row:
    tone, outcome = outcome_of(line)
    address = reverse("admin:settlement_gsepublication_month", args=[configuration.pk, line.month.year, line.month.month])
    return Row(line.month, line, tone, outcome, sentences(line), address)


def _sums(lines: list[Line]) -> dict[str, int]:
    """Sums over the months of what is known."""
    names = ("own_cents", "gse_cents", "bank_cents", "gse_difference", "bank_difference")
    return {name: sum(getattr(line, name) or 0 for line in lines) for name in names}


def _tiles(found: Reconciliation) -> dict[str, Any]:
    totals = [month.total for month in found.months]
    due = [one.true_up_cents for month in found.months for one in month.expected.values() if one.true_up_cents is not None]
    published = sum(line.true_up_cents or 0 for line in totals)
    return {
        "own": sum(line.own_cents or 0 for line in totals),
        "gse": sum(line.gse_cents or 0 for line in totals),
        "bank": sum(line.bank_cents or 0 for line in totals),
        "true_up": sum(due) - published,
        "open": found.open_count,
    }


def _payments(found: Reconciliation, year: int) -> list[dict[str, Any]]:
    """The payments that bring an amount of this year, with the receipts that pay them."""
    return [
        {
            "payment": payment,
            "gap": None if payment.received_cents is None else payment.received_cents - payment.cents,
            "receipts": [found.receipts[receipt.number] for receipt in payment.receipts],
            "months": sorted({line.month for line in payment.lines}),
        }
        for payment in found.payments.payments
        if any(line.month.year == year for line in payment.lines)
    ]


def _years(configuration: Configuration, today: date) -> list[int]:
    last = min(today.year, configuration.ends_on.year if configuration.ends_on else today.year)
    return list(range(last, max(configuration.starts_on.year, last - MOST_YEARS) - 1, -1))


def _manages_any(user: User) -> bool:
    return list_managed_configurations(user).exists()
