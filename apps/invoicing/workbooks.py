"""The frozen content of the accountant's workbook: everything but the hours, which stay packed with the run."""

from typing import Any

from django.utils import timezone

from apps.invoicing.run_facts import RunFacts
from apps.settlement.models import SettlementRun


def workbook_content(facts: RunFacts) -> dict[str, Any]:
    """The values of `reports.documents.WorkbookDocument`, arrays and lines left out."""
    run = facts.run
    return {
        "issuer": facts.issuer,
        "configuration": facts.configuration,
        "year": run.month.year,
        "month": run.month.month,
        "run": run.pk,
        "version": run.version,
        "run_kind": run.settled_as,
        "corrects": workbook_reference(run.corrects) if run.corrects else "",
        "state": run.get_state_display(),
        "computed": _when_and_who(run.succeeded_at, run.computed_by),
        "approved": _when_and_who(run.approved_at, run.approved_by) if run.approved_at else "",
        "members": [
            {
                "code": row.member.code,
                "name": row.member.name,
                "kind": row.member.kind,
                "tax_code": row.member.tax_code,
                "injected_wh": row.injected_wh,
                "withdrawn_wh": row.withdrawn_wh,
                "shared_wh": row.shared_wh,
                "incentivised_wh": row.incentivised_wh,
                "premium_cents": row.premium_cents,
                "valorisation_cents": row.valorisation_cents,
                "excess_cents": row.excess_cents,
            }
            for row in facts.members
        ],
        "plants": [
            {
                "code": row.plant.code,
                "pod": row.plant.pod_key,
                "member": facts.holders.get(row.plant.pod_key, ""),
                "source": row.plant.source,
                "power_kw": str(row.plant.power_kw.normalize()),
                "region": row.plant.region,
                "market_zone": row.plant.market_zone,
                "entered_operation_on": row.plant.entered_operation_on.isoformat(),
                "grant_intensity": str(row.plant.grant_intensity.normalize()),
                "injected_wh": row.injected_wh,
                "taken_wh": row.taken_wh,
                "incentivised_wh": row.incentivised_wh,
                "exempt_wh": row.exempt_wh,
                "premium_cents": row.premium_cents,
                "not_incentivised_because": row.facts["not_incentivised_because"],
            }
            for row in facts.plants
        ],
        "premium_gross_cents": run.facts["premium_gross_cents"],
        "premium_cents": facts.contributions["premium"],
        "valorisation_cents": facts.contributions["valorisation"],
        "excess_cents": facts.contributions["excess"],
        "missing": facts.missing,
        "checks": _checks(facts),
        "rules_version": run.rules_version,
        "code_version": run.code_version,
        "inputs_sha256": run.inputs_sha256,
        "result_sha256": run.result_sha256,
    }


def _checks(facts: RunFacts) -> list[dict[str, Any]]:
    """The laws of conservation, recomputed from the rows of the run and not from the engine's word."""
    run = facts.run
    checks: list[dict[str, Any]] = [
        _check("Energia condivisa = Σ impianti", run.shared_wh, sum(row.taken_wh for row in facts.plants), "kwh"),
        _check("Energia condivisa = Σ soci", run.shared_wh, sum(row.shared_wh for row in facts.members), "kwh"),
        _check("Energia immessa = Σ impianti", run.injected_wh, sum(row.injected_wh for row in facts.plants), "kwh"),
        _check("Energia prelevata = Σ soci", run.withdrawn_wh, sum(row.withdrawn_wh for row in facts.members), "kwh"),
        _check(
            "Premio lordo = Σ impianti",
            run.facts["premium_gross_cents"],
            sum(row.premium_cents for row in facts.plants),
            "eur",
        ),
    ]
    names = {"premium": "Tariffa premio", "valorisation": "Valorizzazione", "excess": "Importo eccedentario"}
    for contribution, name in names.items():
        posted = sum(entry.cents for entry in facts.entries if entry.contribution == contribution)
        checks.append(_check(f"{name} = Σ movimenti", facts.contributions[contribution], posted, "eur"))
    to_members = sum(entry.cents for entry in facts.entries if entry.member_id)
    checks.append(_check("Totale soci = Σ movimenti ai soci", sum(row.total_cents for row in facts.members), to_members, "eur"))
    checks.append(_check("Ore mancanti", 0, run.missing_hours, "count"))
    return checks


def _check(name: str, expected: int, found: int, unit: str) -> dict[str, Any]:
    return {"name": name, "expected": expected, "found": found, "unit": unit}


def _when_and_who(at: Any, who: Any) -> str:
    text = f"{at.astimezone(timezone.get_default_timezone()):%d/%m/%Y %H:%M}" if at else ""
    return f"{text} · {who}" if who else text


def workbook_reference(run: SettlementRun) -> str:
    return f"{run.configuration.code}/{run.month_text}/{run.kind}-v{run.version}/cartella"
