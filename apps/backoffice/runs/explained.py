"""The stored causes of a difference, laid out: one row per member and account, what each cause brought, sums that foot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import get_visible_run, of_visible_run
from apps.backoffice.runs.labels import account_text
from apps.backoffice.templatetags.quantities import euro_change
from apps.communities.models import Member
from apps.settlement.comparisons import are_comparable, get_comparison, get_failure
from apps.settlement.models import SettlementRun
from tasks.comparisons import compare_runs

MOST_ROWS = 200
CAUSES = {
    "data": lazy("misure"),
    "price": lazy("prezzi"),
    "perimeter": lazy("punti, soci e impianti"),
    "rule": lazy("parametri di legge"),
    "given": lazy("importi del GSE"),
    "earlier_months": lazy("mesi precedenti dell’anno"),
    "distribution": lazy("regole di riparto"),
    "program": lazy("programma"),
}


@dataclass(slots=True)
class Explained:
    """What one member or account got then and gets now, over all contributions, in cents, and by which cause."""

    code: str
    name: str
    before_cents: int = 0
    now_cents: int = 0
    causes: dict[str, int] = field(default_factory=dict)

    @property
    def change_cents(self) -> int:
        return self.now_cents - self.before_cents

    @property
    def words(self) -> str:
        """Misure −4,48 · prezzi +1,00"""
        return " · ".join(f"{CAUSES[cause]} {euro_change(cents)}" for cause, cents in self.causes.items() if cents)

    def add(self, before: int, now: int, causes: Mapping[str, int]) -> None:
        self.before_cents += before
        self.now_cents += now
        for cause, cents in causes.items():
            self.causes[cause] = self.causes.get(cause, 0) + cents


def explain(before: SettlementRun, now: SettlementRun) -> dict[str, Any]:
    """The context of the section: nothing for two months, a way to ask for the causes, or the causes."""
    if not are_comparable(before, now):
        return {"may_be_explained": False}
    stored = get_comparison(before=before, now=now)
    if stored is None:
        return {"may_be_explained": True, "explanation_failure": get_failure(before=before, now=now)}
    rows = _rows(stored.causes, stored.rows, _names(now))
    return {
        "may_be_explained": True,
        "explained": _largest(rows),
        "explained_total": _total(rows),
        "explained_left_out": max(0, len(rows) - MOST_ROWS),
    }


@of_visible_run("POST", decides=True)
def start_explanation(request: HttpRequest, run: SettlementRun, other_id: int) -> HttpResponse:
    """Have a worker find the causes; nothing is computed here."""
    other = get_visible_run(request.user, other_id)
    if not are_comparable(other, run):
        raise Http404
    compare_runs.delay(other.pk, run.pk)
    messages.info(request, _("Un elaboratore cerca le cause. Ricarica la pagina fra poco."))
    return redirect("admin:settlement_settlementrun_compare", run.pk, other.pk)


def _names(run: SettlementRun) -> dict[str, str]:
    return dict(Member.objects.filter(community=run.configuration.community_id).values_list("code", "name"))


def _rows(causes: Sequence[str], rows: Iterable[Sequence[Any]], names: Mapping[str, str]) -> list[Explained]:
    """Members by code, then accounts by name; the contributions of each are added up."""
    found: dict[tuple[str, str], Explained] = {}
    for _contribution, member, account, before, now, cents in rows:
        row = found.setdefault((account, member), Explained(member or account_text(account), names.get(member, "")))
        row.add(before, now, dict(zip(causes, cents, strict=True)))
    return [found[key] for key in sorted(found)]


def _total(rows: Iterable[Explained]) -> Explained:
    total = Explained("", "")
    for row in rows:
        total.add(row.before_cents, row.now_cents, row.causes)
    return total


def _largest(rows: list[Explained]) -> list[Explained]:
    """All rows, or those that changed most, in their order."""
    if len(rows) <= MOST_ROWS:
        return rows
    chosen = {id(row) for row in sorted(rows, key=lambda row: -abs(row.change_cents))[:MOST_ROWS]}
    return [row for row in rows if id(row) in chosen]
