"""What a settled run found, laid out for the eye: rows of the database in, a template's context out."""

from typing import Any

from django.db.models import Count, Sum
from django.http import HttpRequest

from apps.backoffice.access import may_decide
from apps.backoffice.runs.compare import list_comparable
from apps.backoffice.runs.corrections import get_corrections
from apps.backoffice.runs.labels import CONTRIBUTIONS, GIVEN, NOT_INCENTIVISED, TONES, account_text, attention_text
from apps.backoffice.runs.members import list_members
from apps.backoffice.runs.pictures import picture_of_days, picture_of_hours
from apps.backoffice.runs.take_back import get_reversal
from apps.invoicing.models import IssuedDocument
from apps.settlement.bounds import is_beyond_bounds
from apps.settlement.models import ContributionKind, LedgerEntry, PlantResult, RunCurves, SettlementRun

PLANT_SUMS = ("injected_wh", "taken_wh", "incentivised_wh", "premium_cents")


def get_result(request: HttpRequest, run: SettlementRun) -> dict[str, Any]:
    """The context of the result page."""
    curves = RunCurves.objects.get(run=run)
    plants = list_plants(run)
    return {
        "tone": TONES[SettlementRun.State(run.state)],
        "members": list_members(run, sort=request.GET.get("sort", ""), page=request.GET.get("page", "")),
        "plants": plants,
        "plants_total": {name: sum(getattr(plant["row"], name) for plant in plants) for name in PLANT_SUMS},
        "accounts": list_accounts(run),
        "contributions": list_contributions(run),
        "excess_sets": run.facts["excess_sets"],
        "picture_of_days": picture_of_days(run, curves),
        "picture_of_hours": picture_of_hours(run, curves),
        "notes": list_notes(run),
        "comparable": list_comparable(request.user, run),
        "documents": count_documents(run),
        "approval": get_approval(request, run),
        "corrections": get_corrections(request, run),
        "reversal": get_reversal(request, run),
        "beyond_bounds": is_beyond_bounds(run),
    }


def list_plants(run: SettlementRun) -> list[dict[str, Any]]:
    """Plants in cascade order, each with its tariff class as the engine used it."""
    rows = PlantResult.objects.filter(run=run).select_related("plant").order_by("position")
    return [{"row": row, "why": NOT_INCENTIVISED.get(row.facts["not_incentivised_because"], "")} for row in rows]


def list_contributions(run: SettlementRun) -> dict[str, Any]:
    """Per contribution: the amount, what went to members and what to accounts; the columns foot."""
    amounts = dict(run.contributions.values_list("contribution", "amount_cents"))
    split: dict[str, dict[bool, int]] = {name: {True: 0, False: 0} for name in ContributionKind.values}
    for contribution, account, cents in _sum_entries(run):
        split[contribution][account == ""] += cents
    rows: list[dict[str, Any]] = [
        {
            "name": CONTRIBUTIONS[name],
            "amount": amounts[name],
            "members": split[name][True],
            "accounts": split[name][False],
        }
        for name in ContributionKind.values
    ]
    total = {key: sum(row[key] for row in rows) for key in ("amount", "members", "accounts")}
    given = sorted({str(GIVEN.get(row["source"], row["source"])) for row in run.facts.get("given", [])})
    foots = all(row["amount"] == row["members"] + row["accounts"] for row in rows)
    return {"rows": rows, "total": total, "foots": foots, "premium_gross_cents": run.facts["premium_gross_cents"], "given": given}


def list_accounts(run: SettlementRun) -> dict[str, Any]:
    """What stays on the community's accounts, one column per contribution."""
    cents: dict[str, dict[str, int]] = {}
    for contribution, account, amount in _sum_entries(run):
        if not account:
            continue
        columns = cents.setdefault(account, dict.fromkeys(ContributionKind.values, 0))
        columns[contribution] += amount
    rows: list[dict[str, Any]] = [
        {"name": account_text(account), **columns, "total": sum(columns.values())} for account, columns in sorted(cents.items())
    ]
    total = {name: sum(row[name] for row in rows) for name in (*ContributionKind.values, "total")}
    return {"rows": rows, "total": total}


def _sum_entries(run: SettlementRun) -> list[tuple[str, str, int]]:
    """Contribution, account ("" for what goes to members), cents: summed by the database, however many members there are."""
    entries = LedgerEntry.objects.filter(run=run).order_by().values_list("contribution", "account")
    return [(contribution, account, int(cents)) for contribution, account, cents in entries.annotate(total=Sum("cents"))]


def list_notes(run: SettlementRun) -> list[str]:
    """What lies beyond the bounds: a person looked at it, or must before the run goes on."""
    notes = run.facts.get("attention", [])
    codes = [note["member"] for note in notes if "member" in note]
    names = dict(run.member_results.filter(member__code__in=codes).values_list("member__code", "member__name"))
    return [attention_text(note, names) for note in notes]


def count_documents(run: SettlementRun) -> dict[str, int]:
    counts = dict(IssuedDocument.objects.filter(run=run).order_by().values_list("state").annotate(count=Count("pk")))
    ready, failed = counts.get(IssuedDocument.State.READY, 0), counts.get(IssuedDocument.State.FAILED, 0)
    return {"ready": ready, "failed": failed, "total": sum(counts.values())}


def get_approval(request: HttpRequest, run: SettlementRun) -> dict[str, bool]:
    """May this person approve now, and if not, why not."""
    waiting = run.state == SettlementRun.State.COMPUTED
    mine = run.computed_by_id is not None and run.computed_by_id == request.user.pk
    decides = may_decide(request.user, run)
    return {"waiting": waiting, "mine": mine, "only_looking": not decides, "possible": waiting and decides and not mine}
