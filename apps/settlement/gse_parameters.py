"""The dated values by which GSE estimates its advances and charges its fees, as rows, turned into what the engine takes.

A month is settled without them; who asks for one that nobody recorded is told which, and for when.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.engine.advance import AdvanceParameters
from apps.engine.gse_fees import FeeParameters
from apps.settlement.errors import ParameterUnknown
from apps.settlement.parameters import ADVANCE_KEYS, FEE_KEYS, list_values_in_force

CENTS_PER_EURO = 100


@dataclass(frozen=True, slots=True)
class GseCharges:
    """What GSE holds back: its yearly fee, the VAT on it, and the balance below which it pays nothing yet."""

    fee: FeeParameters
    vat_percent: Decimal
    threshold_cents: int


def get_advance_parameters(*, on: date) -> AdvanceParameters:
    """GSE's estimate in force on a day. Errors: `ParameterUnknown` names the key and the day."""
    return advance_parameters_of(list_values_in_force(on=on), on=on)


def advance_parameters_of(values: Mapping[str, Any], *, on: date) -> AdvanceParameters:
    """The same of values that were read already."""
    return advance_from_values(_required(values, ADVANCE_KEYS, on))


def get_gse_charges(*, on: date) -> GseCharges:
    """GSE's fee and threshold in force on a day. Errors: `ParameterUnknown` names the key and the day."""
    return charges_from_values(_required(list_values_in_force(on=on), FEE_KEYS, on))


def advance_from_values(values: Mapping[str, Any]) -> AdvanceParameters:
    """Texts of JSON into exact numbers; the order of maps is made canonical."""
    return AdvanceParameters(
        coincidence=Decimal(values["advance_coincidence"]),
        variable_part_eur_per_mwh=Decimal(values["advance_variable_part_eur_per_mwh"]),
        photovoltaic_hours=_hours(values["advance_photovoltaic_hours"]),
        hours_by_source=_hours(values["advance_hours_by_source"]),
    )


def charges_from_values(values: Mapping[str, Any]) -> GseCharges:
    """Texts of JSON into exact numbers and whole cents."""
    fee = values["gse_fee"]
    return GseCharges(
        fee=FeeParameters(
            free_up_to_kw=Decimal(fee["free_up_to_kw"]),
            fixed_up_to_kw=Decimal(fee["fixed_up_to_kw"]),
            fixed_cents=_cents(fee["fixed_eur"]),
            cents_per_kw=_cents(fee["eur_per_kw"]),
        ),
        vat_percent=Decimal(values["gse_fee_vat_percent"]),
        threshold_cents=_cents(values["gse_payment_threshold_eur"]),
    )


def _required(values: Mapping[str, Any], keys: Iterable[str], on: date) -> Mapping[str, Any]:
    for key in sorted(set(keys) - values.keys()):
        raise ParameterUnknown(
            _("The parameter %(key)s has no value in force on %(day)s. Record it with its legal source, then try again.")
            % {"key": key, "day": f"{on:%d/%m/%Y}"}
        )
    return values


def _hours(mapping: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple((name, int(mapping[name])) for name in sorted(mapping))


def _cents(euros: str) -> int:
    """Whole cents. Errors: `ValueError` for a fraction of a cent."""
    cents = Decimal(euros) * CENTS_PER_EURO
    if cents != cents.to_integral_value():
        raise ValueError(f"{euros} € is no whole number of cents.")
    return int(cents)
