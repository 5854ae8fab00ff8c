"""Small files in the formats of people: one community, prices and measures of one month, written by hand."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management import call_command

from apps.engine.calendar import month_hours

PRODUCER, CONSUMER, COMPANY = "IT001E00000001", "IT001E00000002", "IT001E00000003"


def community(**changes: Any) -> dict[str, Any]:
    """One photovoltaic plant of 100 kW in the North, a household and a company; the split of the worked example."""
    split = {
        "deductions": [{"account": "management", "percent": "10"}],
        "producers_percent": "50",
        "producers_key": "injected",
        "consumers_key": "coincident",
    }
    document: dict[str, Any] = {
        "community": {
            "code": "CER-T",
            "name": "CER di prova",
            "tax_code": "12345678903",
            "iban": "IT60X0542811101000000123456",
            "legal_form": "association",
        },
        "configurations": [
            {
                "code": "CER-T-A",
                "kind": "cer",
                "primary_substation": "AC001E01298",
                "starts_on": "2023-01-01",
                "distribution": {
                    "premium": split,
                    "valorisation": {**split, "deductions": [], "producers_percent": "0"},
                    "excess": {"social_fund_percent": "50", "consumers_key": "coincident"},
                },
            }
        ],
        "members": [
            {
                "code": code,
                "name": name,
                "kind": kind,
                "tax_code": "RSSMRA80A01H501U",
                "iban": "IT60X0542811101000000123456",
                "email": f"{code.lower()}@example.org",
                "joined_on": "2023-01-01",
                "left_on": None,
            }
            for code, name, kind in (
                ("M1", "Maria Produttrice", "household"),
                ("M2", "Mario Rossi", "household"),
                ("M3", "Bar Centrale", "sme"),
            )
        ],
        "metering_points": [
            {
                "pod": pod,
                "configuration": "CER-T-A",
                "member": member,
                "voltage": "BT",
                "valid_from": "2023-01-01",
                "valid_to": None,
            }
            for pod, member in ((PRODUCER, "M1"), (CONSUMER, "M2"), (COMPANY, "M3"))
        ],
        "plants": [
            {
                "code": "P01",
                "pod": PRODUCER,
                "source": "photovoltaic",
                "power_kw": "100",
                "region": "Lombardia",
                "market_zone": "NORD",
                "entered_operation_on": "2022-03-01",
                "grant_intensity": "0",
                "obligation_power_kw": "0",
            }
        ],
    }
    return {**document, **changes}


def load(
    directory: Path,
    *,
    year: int,
    month: int,
    energies: Mapping[str, Mapping[int, tuple[str, str]]],
    prices: Mapping[int, str] | None = None,
    document: dict[str, Any] | None = None,
    skip: Mapping[str, set[int]] | None = None,
) -> None:
    """Import a month: `energies[pod][hour of the month] = (injected kWh, withdrawn kWh)`, hourly rows, 0 where nothing is said.

    `prices[hour]` in €/MWh, 100 elsewhere. `skip[pod]` are hours without a row.
    """
    files = directory
    (files / "community.json").write_text(json.dumps(document or community()))
    hours = month_hours(year, month)
    rows = ["starts_at;zone;price_eur_per_mwh"]
    rows += [f"{at:%Y-%m-%dT%H:%M:%SZ};NORD;{(prices or {}).get(i, '100')}" for i, at in enumerate(hours)]
    (files / "prices.csv").write_text("\n".join(rows) + "\n")
    lines = ["pod;starts_at;injected_kwh;withdrawn_kwh"]
    for pod in (PRODUCER, CONSUMER, COMPANY):
        for i, at in enumerate(hours):
            if i in (skip or {}).get(pod, ()):
                continue
            injected, withdrawn = energies.get(pod, {}).get(i, ("0", "0"))
            lines.append(f"{pod};{at:%Y-%m-%dT%H:%M:%S}+00:00;{Decimal(injected):.3f};{Decimal(withdrawn):.3f}")
    (files / "measures.csv").write_text("\n".join(lines) + "\n")
    for command, name in (("import_community", "community"), ("import_prices", "prices"), ("import_measures", "measures")):
        suffix = "json" if name == "community" else "csv"
        call_command(command, str(files / f"{name}.{suffix}"), "--json")
