"""The frozen content of a member's statement: every fact that it prints, so that nothing has to be looked up again."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from apps.engine.calendar import month_days
from apps.invoicing.run_facts import RunFacts
from apps.settlement.booking import unpack_wh
from apps.settlement.models import LedgerEntry, MemberResult, PointResult, SettlementRun

CONTRIBUTIONS = ("premium", "valorisation", "excess")
TO_ACCOUNTS = ("deduction", "social_fund")
CHANNELS = ("withdrawn_wh", "injected_wh", "shared_wh", "taken_wh")


def statement_reference(facts: RunFacts, member_code: str) -> str:
    """Unique and stable: configuration/month/version/member, the kind named when it is final."""
    return _reference(facts.run, member_code)


def _reference(run: SettlementRun, member_code: str) -> str:
    kind = "" if run.kind == run.Kind.PROVISIONAL else f"-{run.kind}"
    return f"{run.configuration.code}/{run.month_text}/v{run.version}{kind}/{member_code}"


def list_statements(facts: RunFacts, *, issued_on: date) -> Iterator[tuple[MemberResult, dict[str, Any]]]:
    """For each member who had a point in the month or moves money: the values of `reports.documents.StatementDocument`.

    A run that posts a difference tells only those whose money it moves.
    """
    for row in facts.members:
        points = facts.points.get(row.member_id, [])
        if row.member_id in facts.entries_of or (points and not facts.run.corrects_id):
            yield row, _statement(facts, row, points, issued_on=issued_on)


def _statement(facts: RunFacts, row: MemberResult, points: list[PointResult], *, issued_on: date) -> dict[str, Any]:
    run, member = facts.run, row.member
    return {
        "issuer": facts.issuer,
        "configuration": facts.configuration,
        "year": run.month.year,
        "month": run.month.month,
        "reference": statement_reference(facts, member.code),
        "version": run.version,
        "run_kind": run.settled_as,
        "corrects": _reference(run.corrects, member.code) if run.corrects else "",
        "posted_as": run.kind if run.corrects else "",
        "approved_on": run.approved_at and run.approved_at.date().isoformat(),
        "issued_on": issued_on.isoformat(),
        "member": {"code": member.code, "name": member.name, "kind": member.kind, "tax_code": member.tax_code},
        "points": [
            {
                "pod": point.pod,
                "valid_from": point.valid_from.isoformat(),
                "valid_to": point.valid_to and point.valid_to.isoformat(),
                "withdrawn_wh": point.withdrawn_wh,
                "injected_wh": point.injected_wh,
                "shared_wh": point.shared_wh,
            }
            for point in points
        ],
        "energy": {
            "injected_wh": row.injected_wh,
            "withdrawn_wh": row.withdrawn_wh,
            "shared_wh": row.shared_wh,
            "incentivised_wh": row.incentivised_wh,
            "taken_wh": int(sum(_days(point)[3].sum() for point in points)),
        },
        "energy_of_configuration": {
            "injected_wh": run.injected_wh,
            "withdrawn_wh": run.withdrawn_wh,
            "shared_wh": run.shared_wh,
            "incentivised_wh": run.incentivised_wh,
            "taken_wh": sum(plant.taken_wh for plant in facts.plants),
        },
        "shares": [_share(facts, row, contribution) for contribution in CONTRIBUTIONS],
        "plants": [
            {
                "code": plant.plant.code,
                "source": plant.plant.source,
                "power_kw": str(plant.plant.power_kw.normalize()),
                "injected_wh": plant.injected_wh,
                "taken_wh": plant.taken_wh,
                "incentivised_wh": plant.incentivised_wh,
                "premium_cents": plant.premium_cents,
                "not_incentivised_because": plant.facts["not_incentivised_because"],
            }
            for plant in facts.plants
        ],
        "premium_gross_cents": run.facts["premium_gross_cents"],
        "valorisation": run.facts["valorisation"],
        "excess_sets": run.facts["excess_sets"],
        "year_rows": facts.year_rows[row.member_id],
        "daily": _daily(facts, points),
        "missing": _missing(points),
        "configuration_missing_hours": run.missing_hours,
        "contact_email": facts.community.contact_email,
        "rules_version": run.rules_version,
        "code_version": run.code_version,
        "result_sha256": run.result_sha256,
    }


def _missing(points: list[PointResult]) -> list[dict[str, Any]]:
    """Unknown hours per POD, of the member's own validity alone: a former holder's gaps are not theirs."""
    hours: dict[str, int] = {}
    for point in points:
        hours[point.pod] = hours.get(point.pod, 0) + point.missing_hours
    return [{"pod": pod, "hours": count} for pod, count in hours.items() if count]


def _share(facts: RunFacts, row: MemberResult, contribution: str) -> dict[str, Any]:
    deductions = [entry for entry in facts.entries_of[None] if entry.block in TO_ACCOUNTS]
    own = facts.entries_of.get(row.member_id, [])
    steps = [_step(entry) for entry in (*deductions, *own) if entry.contribution == contribution]
    return {
        "contribution": contribution,
        "amount_cents": getattr(row, f"{contribution}_cents"),
        "pool_cents": facts.contributions[contribution],
        "steps": steps,
        "producers_percent": facts.run.facts["producers_percent"].get(contribution),
        "month_cents": _month_cents(facts, row, contribution),
        "source": facts.given.get(contribution, ""),
    }


def _month_cents(facts: RunFacts, row: MemberResult, contribution: str) -> int | None:
    if not facts.run.corrects_id:
        return None
    cents: int = getattr(facts.month_of_members[row.member.code], f"{contribution}_cents")
    return cents


def _step(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "block": entry.block,
        "block_cents": entry.block_cents,
        "cents": entry.cents,
        "account": entry.account,
        "key": entry.key,
        "weight": int(entry.weight),
        "weight_total": int(entry.weight_total),
        "percent": None if entry.percent is None else str(entry.percent.normalize()),
    }


def _daily(facts: RunFacts, points: list[PointResult]) -> dict[str, Any]:
    days = month_days(facts.run.month.year, facts.run.month.month)
    total = np.zeros((len(CHANNELS), len(days)), np.int64)
    for point in points:
        total += _days(point)
    series: dict[str, Any] = {name: total[i].tolist() for i, name in enumerate(CHANNELS)}
    if not total[3].any():
        series["taken_wh"] = []
    return {"days": [day.isoformat() for day in days], **series}


def _days(point: PointResult) -> Any:
    return unpack_wh(point.days, rows=len(CHANNELS))
