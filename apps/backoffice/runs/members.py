"""The table of members of one run: sortable by plain addresses, a page at a time, with a total that foots for all pages."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.settlement.models import MemberResult, SettlementRun

PER_PAGE = 100
COLUMNS: dict[str, tuple[str, str | Promise, str]] = {
    "code": ("member__code", _("Socio"), ""),
    "injected": ("injected_wh", _("Immessa"), "kWh"),
    "withdrawn": ("withdrawn_wh", _("Prelevata"), "kWh"),
    "shared": ("shared_wh", _("Condivisa"), "kWh"),
    "premium": ("premium_cents", _("Premio"), "€"),
    "valorisation": ("valorisation_cents", _("Valorizzazione"), "€"),
    "excess": ("excess_cents", _("Eccedenza"), "€"),
    "total": ("total", _("Totale"), "€"),
}
TOTAL = F("premium_cents") + F("valorisation_cents") + F("excess_cents")


@dataclass(frozen=True, slots=True)
class Heading:
    """One column: `address` sorts by it; `direction` is what the page says to screen readers (`aria-sort`)."""

    name: str | Promise
    unit: str
    address: str
    direction: str


def list_members(run: SettlementRun, *, sort: str, page: str) -> dict[str, Any]:
    """Rows of one page, headings, totals of all rows. An unknown `sort` or `page` is the first one."""
    column, falling = sort.removeprefix("-"), sort.startswith("-")
    if column not in COLUMNS:
        column, falling = "code", False
    rows: QuerySet[MemberResult, Any] = MemberResult.objects.filter(run=run).select_related("member").annotate(total=TOTAL)
    ordered = rows.order_by(("-" if falling else "") + COLUMNS[column][0], "member__code")
    shown: Page[Any] = Paginator(ordered, PER_PAGE).get_page(page)
    names = ("injected_wh", "withdrawn_wh", "shared_wh", "premium_cents", "valorisation_cents", "excess_cents")
    totals = rows.aggregate(**{f"all_{name}": Sum(name, default=0) for name in names}, all_total=Sum("total", default=0))
    return {
        "page": shown,
        "headings": [_heading(name, column, falling) for name in COLUMNS],
        "totals": {name.removeprefix("all_"): int(value) for name, value in totals.items()},
        "query": f"sort={'-' if falling else ''}{column}&",
    }


def _heading(name: str, chosen: str, falling: bool) -> Heading:
    """Numbers are first sorted from the largest down, names from the first up; pressing again turns it round."""
    if name == chosen:
        address = name if falling else f"-{name}"
        return Heading(COLUMNS[name][1], COLUMNS[name][2], address, "descending" if falling else "ascending")
    return Heading(COLUMNS[name][1], COLUMNS[name][2], name if name == "code" else f"-{name}", "")
