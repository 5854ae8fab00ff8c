"""Read: what a run found, in the shapes that the doors and the press need."""

from typing import Any

from django.db.models import Sum

from apps.settlement.models import LedgerEntry, SettlementRun
from apps.settlement.units import eur, kwh


def get_run_result(*, run_id: int) -> dict[str, Any]:
    """The result of a settled run as the JSON of `settle --json`: numbers are texts, plants in cascade order, members by code.

    `corrects` is there in a run that posts a difference alone, and names the run to whose month it is: then contributions,
    accounts and members are differences. Energies and plants are always those of the whole month.
    """
    run = SettlementRun.objects.select_related("configuration").get(pk=run_id)
    contributions = {row.contribution: row.amount_cents for row in run.contributions.all()}
    accounts = (
        LedgerEntry.objects.filter(run=run).exclude(account="").values("account").annotate(cents=Sum("cents")).order_by("account")
    )
    return {
        "run": run.pk,
        "configuration": run.configuration.code,
        "month": run.month_text,
        "kind": run.kind,
        "version": run.version,
        "state": run.state,
        "hours": run.hours,
        "missing_hours": run.missing_hours,
        "energy": {
            "injected_kwh": kwh(run.injected_wh),
            "withdrawn_kwh": kwh(run.withdrawn_wh),
            "shared_kwh": kwh(run.shared_wh),
            "incentivised_kwh": kwh(run.incentivised_wh),
        },
        "plants": [
            {
                "code": row.plant.code,
                "injected_kwh": kwh(row.injected_wh),
                "incentivised_kwh": kwh(row.incentivised_wh),
                "premium_eur": eur(row.premium_cents),
            }
            for row in run.plant_results.select_related("plant").order_by("position")
        ],
        "contributions": {f"{name}_eur": eur(contributions[name]) for name in ("premium", "valorisation", "excess")},
        "accounts": [{"account": row["account"], "amount_eur": eur(row["cents"])} for row in accounts if row["cents"] != 0],
        "members": [
            {
                "member": row.member.code,
                "injected_kwh": kwh(row.injected_wh),
                "withdrawn_kwh": kwh(row.withdrawn_wh),
                "shared_kwh": kwh(row.shared_wh),
                "premium_eur": eur(row.premium_cents),
                "valorisation_eur": eur(row.valorisation_cents),
                "excess_eur": eur(row.excess_cents),
                "total_eur": eur(row.total_cents),
            }
            for row in sorted(run.member_results.select_related("member"), key=lambda row: row.member.code)
        ],
        **({"corrects": run.corrects_id} if run.corrects_id else {}),
        "inputs_sha256": run.inputs_sha256,
        "result_sha256": run.result_sha256,
    }
