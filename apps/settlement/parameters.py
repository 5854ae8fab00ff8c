"""The dated values of the law, as rows, turned into the frozen value that the engine takes."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.engine.inputs import RuleParameters, TariffClass
from apps.settlement.errors import ParameterUnknown
from apps.settlement.models import RuleParameter

# A month can be settled without these until a rule needs them; then the engine stops and names the year.
MAY_BE_UNKNOWN = frozenset({"trase_eur_per_mwh", "btau_eur_per_mwh"})
REQUIRED = frozenset(
    {
        "tariff_classes",
        "price_reference_eur_per_mwh",
        "regional_correction_eur_per_mwh",
        "incentive_starts_on",
        "incentive_max_power_kw",
        "grant_limit",
        "grant_reduction_at_limit",
        "grant_exempt_kinds",
        "existing_plants_in_cascade",
        "avoided_losses_by_voltage",
        "excess_threshold_without_grant",
        "excess_threshold_with_grant",
        "enterprise_kinds",
    }
)
# Goes into documents and manifests; changes when the meaning of a rule changes, not its dated values.
RULES_VERSION = "2026.1"
# What only GSE's side of the money needs (`apps.settlement.gse_parameters`).
ADVANCE_KEYS = frozenset(
    {
        "advance_coincidence",
        "advance_variable_part_eur_per_mwh",
        "advance_photovoltaic_hours",
        "advance_hours_by_source",
    }
)
FEE_KEYS = frozenset({"gse_fee", "gse_fee_vat_percent", "gse_payment_threshold_eur"})
KEYS = REQUIRED | MAY_BE_UNKNOWN | {"quarter_hour_prices"} | ADVANCE_KEYS | FEE_KEYS


def get_rule_parameters(*, on: date) -> RuleParameters:
    """The values in force on the first day of a month. Errors: `ParameterUnknown` names the key and the date."""
    return rule_parameters_of(list_values_in_force(on=on), on=on)


def rule_parameters_of(values: Mapping[str, Any], *, on: date) -> RuleParameters:
    """The same of values that were read already."""
    for key in sorted(REQUIRED - values.keys()):
        raise ParameterUnknown(
            _("The parameter %(key)s has no value in force on %(day)s. Record it with its legal source, then retry the run.")
            % {"key": key, "day": f"{on:%d/%m/%Y}"}
        )
    return parameters_from_values(values)


def list_values_in_force(*, on: date) -> dict[str, Any]:
    """Every recorded value in force on a day, by key."""
    return list_values_of_days([on])[on]


def list_values_of_days(days: Collection[date]) -> dict[date, dict[str, Any]]:
    """Every recorded value in force on each of these days, by key; one query, however many days."""
    if not days:
        return {}
    rows = RuleParameter.objects.filter(valid_from__lte=max(days)).exclude(valid_to__lte=min(days))
    found: dict[date, dict[str, Any]] = {day: {} for day in days}
    for row in rows:
        for day in days:
            if row.valid_from <= day and (row.valid_to is None or row.valid_to > day):
                found[day][row.key] = row.value
    return found


def parameters_from_values(values: Mapping[str, Any]) -> RuleParameters:
    """Texts of JSON into exact numbers; the order of maps is made canonical."""
    return RuleParameters(
        tariff_classes=tuple(
            sorted(
                (
                    TariffClass(
                        max_power_kw=Decimal(row["max_power_kw"]),
                        base_eur_per_mwh=Decimal(row["base_eur_per_mwh"]),
                        cap_eur_per_mwh=Decimal(row["cap_eur_per_mwh"]),
                    )
                    for row in values["tariff_classes"]
                ),
                key=lambda row: row.max_power_kw,
            )
        ),
        price_reference_eur_per_mwh=Decimal(values["price_reference_eur_per_mwh"]),
        regional_correction_eur_per_mwh=_decimals(values["regional_correction_eur_per_mwh"]),
        incentive_starts_on=date.fromisoformat(values["incentive_starts_on"]),
        incentive_max_power_kw=Decimal(values["incentive_max_power_kw"]),
        grant_limit=Decimal(values["grant_limit"]),
        grant_reduction_at_limit=Decimal(values["grant_reduction_at_limit"]),
        grant_exempt_kinds=tuple(sorted(values["grant_exempt_kinds"])),
        existing_plants_in_cascade=bool(values["existing_plants_in_cascade"]),
        trase_eur_per_mwh=_optional(values.get("trase_eur_per_mwh")),
        btau_eur_per_mwh=_optional(values.get("btau_eur_per_mwh")),
        avoided_losses_by_voltage=_decimals(values["avoided_losses_by_voltage"]),
        excess_threshold_without_grant=Decimal(values["excess_threshold_without_grant"]),
        excess_threshold_with_grant=Decimal(values["excess_threshold_with_grant"]),
        enterprise_kinds=tuple(sorted(values["enterprise_kinds"])),
    )


def _optional(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _decimals(mapping: Mapping[str, str]) -> tuple[tuple[str, Decimal], ...]:
    return tuple((name, Decimal(mapping[name])) for name in sorted(mapping))
