"""Two runs of one configuration side by side: what changed per plant and member, and why, as far as it can be told."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.backoffice.access import Person, get_visible_run, list_visible_runs, may_decide, of_visible_run
from apps.backoffice.pages import runs_crumb, show_page
from apps.backoffice.runs.explained import explain
from apps.backoffice.runs.titles import title_of
from apps.backoffice.templatetags.quantities import whole
from apps.communities.models import Member
from apps.settlement.history import get_effective_run, list_runs_of_month
from apps.settlement.models import PlantResult, PointResult, SettlementRun
from apps.settlement.posted import get_posted_members

MOST_MEMBERS = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One plant or member: energy and money then and now. Who is only in one of the runs counts as 0 in the other."""

    code: str
    name: str
    before_wh: int
    now_wh: int
    before_cents: int
    now_cents: int
    cause: str = ""

    @property
    def change_wh(self) -> int:
        return self.now_wh - self.before_wh

    @property
    def change_cents(self) -> int:
        return self.now_cents - self.before_cents


def list_comparable(user: Person, run: SettlementRun) -> list[dict[str, Any]]:
    """With which runs a comparison says something: the version before, and the month before."""
    settled = list_visible_runs(user).filter(configuration=run.configuration, state__in=SettlementRun.SETTLED_STATES)
    version = settled.filter(month=run.month, succeeded_at__lt=run.succeeded_at).order_by("-succeeded_at").first()
    if run.corrects:
        version = settled.filter(pk=run.facts["correction"]["against"][-1]).first()
    month = get_effective_run(configuration_id=run.configuration_id, month=_month_before(run))
    found = []
    if version is not None:
        found.append({"text": _("Confronta con la versione precedente"), "run": version})
    if month is not None:
        found.append({"text": _("Confronta con il mese precedente"), "run": month})
    return found


@of_visible_run("GET", "HEAD")
def compare_runs(request: HttpRequest, run: SettlementRun, other_id: int) -> HttpResponse:
    """`run` is now, the other is before. Only runs of one configuration with a result can be compared; others are 404."""
    other = get_visible_run(request.user, other_id)
    if other.configuration_id != run.configuration_id or not (other.result_sha256 and run.result_sha256) or other.pk == run.pk:
        raise Http404
    plants, members = _plants(other, run), _members(other, run)
    return show_page(
        request,
        "backoffice/runs/compare.html",
        title=_("Confronto"),
        crumbs=[runs_crumb(), (title_of(run), reverse("admin:settlement_settlementrun_change", args=[run.pk]))],
        run=run,
        other=other,
        now_title=title_of(run),
        before_title=title_of(other),
        causes=list_causes(other, run),
        plants=plants,
        plants_total=_total(plants),
        members=largest(members),
        members_left_out=max(0, len(members) - MOST_MEMBERS),
        members_total=_total(members),
        may_decide=may_decide(request.user, run),
        **explain(other, run),
    )


def largest(rows: list[Difference]) -> list[Difference]:
    """All rows, or those that changed most when there are too many to look at, in their order."""
    if len(rows) <= MOST_MEMBERS:
        return rows
    chosen = sorted(rows, key=lambda row: (-abs(row.change_cents), -abs(row.change_wh)))[:MOST_MEMBERS]
    return sorted(chosen, key=lambda row: row.code)


def list_causes(before: SettlementRun, now: SettlementRun) -> list[str]:
    """What differs between two runs, from the most certain: hashes, months, versions, points, missing hours."""
    if before.inputs_sha256 == now.inputs_sha256:
        same = _("Stessi dati di ingresso (stessa impronta): ogni differenza viene dalle regole o dal programma.")
        causes = [same] if before.result_sha256 != now.result_sha256 else [_("Stessi dati di ingresso e stesso risultato.")]
    elif before.month != now.month:
        causes = [_("Mesi diversi: cambiano misure, prezzi e ore.")]
    else:
        causes = [_("Dati di ingresso diversi: misure, prezzi, punti o regole di riparto sono cambiati fra i due calcoli.")]
    if before.settled_as != now.settled_as:
        causes.append(_("Una è provvisoria, l’altra definitiva."))
    if before.rules_version != now.rules_version:
        causes.append(_("Regole di calcolo: %(before)s → %(now)s.") % {"before": before.rules_version, "now": now.rules_version})
    if before.code_version != now.code_version:
        causes.append(_("Programma: %(before)s → %(now)s.") % {"before": before.code_version, "now": now.code_version})
    pods_before, pods_now = _pods(before), _pods(now)
    if added := sorted(pods_now - pods_before):
        causes.append(_("Punti in più: %(pods)s.") % {"pods": ", ".join(added)})
    if gone := sorted(pods_before - pods_now):
        causes.append(_("Punti in meno: %(pods)s.") % {"pods": ", ".join(gone)})
    if before.missing_hours != now.missing_hours:
        hours = {"before": whole(before.missing_hours), "now": whole(now.missing_hours)}
        causes.append(_("Ore mancanti: %(before)s → %(now)s.") % hours)
    return causes


def _plants(before: SettlementRun, now: SettlementRun) -> list[Difference]:
    rows = [
        {row.plant.code: row for row in PlantResult.objects.filter(run=run).select_related("plant").order_by("position")}
        for run in (before, now)
    ]
    return [
        _difference(
            code,
            "",
            *((row.taken_wh, row.premium_cents) if (row := side.get(code)) else (0, 0) for side in rows),
        )
        for code in {**rows[1], **rows[0]}
    ]


def _members(before: SettlementRun, now: SettlementRun) -> list[Difference]:
    """A correction stands for its whole month: what was posted before it, and its difference."""
    rows = [get_posted_members(list_runs_of_month(run)) for run in (before, now)]
    names = dict(Member.objects.filter(community=now.configuration.community_id).values_list("code", "name"))
    return [
        _difference(
            code,
            names.get(code, ""),
            *((row.shared_wh, row.total_cents) if (row := side.get(code)) else (0, 0) for side in rows),
        )
        for code in sorted({**rows[0], **rows[1]})
    ]


def _difference(code: str, name: str, before: tuple[int, int], now: tuple[int, int]) -> Difference:
    cause = ""
    if before != now:
        cause = _("energia diversa") if before[0] != now[0] else _("stessa energia, importo diverso")
    return Difference(code, name, before[0], now[0], before[1], now[1], cause)


def _total(rows: list[Difference]) -> Difference:
    columns = zip(*((row.before_wh, row.now_wh, row.before_cents, row.now_cents) for row in rows), strict=True)
    return Difference("", "", *(sum(column) for column in columns)) if rows else Difference("", "", 0, 0, 0, 0)


def _pods(run: SettlementRun) -> set[str]:
    return set(PointResult.objects.filter(run=run).values_list("pod", flat=True))


def _month_before(run: SettlementRun) -> Any:
    year, month = (run.month.year, run.month.month - 1) if run.month.month > 1 else (run.month.year - 1, 12)
    return run.month.replace(year=year, month=month)
