"""The values of the law: those of settlement-rules.md, loaded once and never over what an operator recorded."""

import json
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from apps.engine.identifiers import REGIONS
from apps.engine.inputs import TariffClass
from apps.settlement.errors import ParameterUnknown
from apps.settlement.models import RuleParameter
from apps.settlement.parameters import KEYS, get_rule_parameters
from apps.settlement.reference_values import load_rule_parameters, read_reference_values

pytestmark = pytest.mark.django_db


def load() -> dict[str, list[str]]:
    out = StringIO()
    call_command("load_rule_parameters", "--json", stdout=out)
    answer: dict[str, list[str]] = json.loads(out.getvalue())
    return answer


def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in RuleParameter.objects.order_by("pk").values()]


def test_the_values_are_those_of_the_rules() -> None:
    """settlement-rules.md, sections 2.5, 2.6, 3, 4 and 5, written here a second time by hand."""
    values = get_rule_parameters(on=date(2024, 3, 1))
    assert values.tariff_classes == (
        TariffClass(Decimal(200), Decimal(80), Decimal(120)),
        TariffClass(Decimal(600), Decimal(70), Decimal(110)),
        TariffClass(Decimal(1000), Decimal(60), Decimal(100)),
    )
    assert values.price_reference_eur_per_mwh == 180
    north = {"Emilia-Romagna", "Friuli-Venezia Giulia", "Liguria", "Lombardia", "Piemonte", "Trentino-Alto Adige"}
    north |= {"Valle d'Aosta", "Veneto"}
    centre = {"Lazio", "Marche", "Toscana", "Umbria", "Abruzzo"}
    assert dict(values.regional_correction_eur_per_mwh) == dict.fromkeys(north, Decimal(10)) | dict.fromkeys(centre, Decimal(4))
    assert north | centre <= set(REGIONS)
    assert values.incentive_starts_on == date(2021, 12, 16)
    assert values.incentive_max_power_kw == 1000
    assert (values.grant_limit, values.grant_reduction_at_limit) == (Decimal("0.40"), Decimal("0.5"))
    assert values.existing_plants_in_cascade is True
    assert dict(values.avoided_losses_by_voltage) == {"BT": Decimal("0.026"), "MT": Decimal("0.012")}
    assert values.excess_threshold_without_grant == Decimal("0.55")
    assert values.excess_threshold_with_grant == Decimal("0.45")
    assert set(values.enterprise_kinds) == {"sme", "large_enterprise"}


@pytest.mark.parametrize(
    ("year", "trase", "btau"),
    [(2022, "7.78", "0.59"), (2023, "8.48", None), (2024, "10.57", "0.65"), (2025, None, None), (2026, None, None)],
)
def test_the_values_of_a_year_have_no_default(year: int, trase: str | None, btau: str | None) -> None:
    for month in (1, 12):
        values = get_rule_parameters(on=date(year, month, 1))
        assert values.trase_eur_per_mwh == (Decimal(trase) if trase else None)
        assert values.btau_eur_per_mwh == (Decimal(btau) if btau else None)


def test_households_are_exempt_from_june_2025_on() -> None:
    before = {"local_authority", "religious_body", "third_sector", "environmental_body"}
    assert set(get_rule_parameters(on=date(2025, 5, 1)).grant_exempt_kinds) == before
    assert set(get_rule_parameters(on=date(2025, 6, 1)).grant_exempt_kinds) == before | {"household"}


def test_every_value_is_a_known_key_with_its_legal_source() -> None:
    for row in read_reference_values():
        assert row["key"] in KEYS
        assert len(row["legal_source"]) > 10


def test_loading_again_changes_nothing_and_says_so() -> None:
    before = rows()
    answer = load()
    assert (answer["added"], answer["closed"], answer["kept"]) == ([], [], [])
    assert len(answer["unchanged"]) == len(before) == len(read_reference_values())
    assert rows() == before


def test_a_missing_value_is_added() -> None:
    RuleParameter.objects.filter(key="trase_eur_per_mwh", valid_from="2023-01-01").delete()
    assert load()["added"] == ["trase_eur_per_mwh from 2023-01-01"]
    assert get_rule_parameters(on=date(2023, 3, 1)).trase_eur_per_mwh == Decimal("8.48")


def test_what_an_operator_recorded_is_never_overwritten() -> None:
    RuleParameter.objects.filter(key="grant_limit").update(value="0.45")
    RuleParameter.objects.filter(key="trase_eur_per_mwh", valid_from="2024-01-01").update(valid_to="2026-01-01")
    RuleParameter.objects.filter(key="btau_eur_per_mwh").delete()
    RuleParameter.objects.create(key="btau_eur_per_mwh", valid_from="2021-01-01", value="0.6", legal_source="ARERA")
    before = rows()
    answer = load()
    assert answer["kept"] == [
        "btau_eur_per_mwh from 2022-01-01",
        "btau_eur_per_mwh from 2024-01-01",
        "grant_limit from 2021-12-16",
        "trase_eur_per_mwh from 2024-01-01",
    ]
    assert rows() == before


def test_a_new_edition_closes_the_value_that_it_follows() -> None:
    source = "Edizione precedente"
    old = {"key": "grant_limit", "valid_from": "2021-12-16", "valid_to": None, "value": "0.40", "legal_source": source}
    RuleParameter.objects.filter(key="grant_limit").update(legal_source=source)
    edition = [old | {"valid_to": "2027-01-01"}, old | {"valid_from": "2027-01-01", "value": "0.50"}]
    result = load_rule_parameters(rows=edition)
    assert (result.closed, result.added) == (("grant_limit from 2021-12-16",), ("grant_limit from 2027-01-01",))
    assert get_rule_parameters(on=date(2026, 12, 1)).grant_limit == Decimal("0.40")
    assert get_rule_parameters(on=date(2027, 1, 1)).grant_limit == Decimal("0.50")
    assert load_rule_parameters(rows=edition).unchanged == ("grant_limit from 2021-12-16", "grant_limit from 2027-01-01")


def test_a_value_that_is_not_recorded_stops_a_run_by_its_name() -> None:
    RuleParameter.objects.filter(key="grant_limit").delete()
    with pytest.raises(ParameterUnknown, match="The parameter grant_limit has no value in force on 01/03/2024"):
        get_rule_parameters(on=date(2024, 3, 1))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_the_values_are_there_after_a_test_that_truncates_the_tables(time: str) -> None:
    assert RuleParameter.objects.count() == len(read_reference_values())
    RuleParameter.objects.filter(key="grant_limit").delete()
