"""Codes of the outside world: what is one, what is none."""

import pytest

from apps.engine import identifiers
from apps.engine.errors import InvalidIdentifier, RuleViolation
from apps.engine.inputs import Voltage


@pytest.mark.parametrize("text", ["IT001E00000001", "IT001E000000012", " it012e1234567a ", "IT999EABCDEFGHZ"])
def test_a_pod_is_stripped_and_upper_case(text: str) -> None:
    assert identifiers.normalise_pod(text) == text.strip().upper()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "IT001E0000001",
        "IT001E0000000123",
        "IT01E00000001",
        "FR001E00000001",
        "IT001X00000001",
        "IT001E0000000_",
        "IT001E0000 0001",
        "IT001E0000000١",
        "IT001E00000001\nX",
    ],
)
def test_what_is_no_pod_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match=r"is not a POD.*such as IT001E00000001"):
        identifiers.normalise_pod(text)


def test_the_fifteenth_character_does_not_identify() -> None:
    assert identifiers.pod_key("IT001E000000012") == identifiers.pod_key("IT001E00000001") == "IT001E00000001"


def test_primary_substations() -> None:
    assert identifiers.normalise_primary_substation(" ac001e01298") == "AC001E01298"
    for text in ("AC001E1298", "AC001E012980", "IT001E01298", ""):
        with pytest.raises(InvalidIdentifier, match="is not a primary substation"):
            identifiers.normalise_primary_substation(text)


def test_lists() -> None:
    assert identifiers.check_market_zone("NORD") == "NORD"
    assert identifiers.check_region("Valle d'Aosta") == "Valle d'Aosta"
    assert identifiers.check_member_kind("household") == "household"
    assert identifiers.check_source("hydro") == "hydro"
    assert identifiers.check_voltage("MT") is Voltage.MEDIUM
    assert len(identifiers.MARKET_ZONES) == 7
    assert len(identifiers.REGIONS) == 20
    assert set(identifiers.RENEWABLE_SOURCES) < set(identifiers.SOURCES)
    assert [str(voltage) for voltage in identifiers.VOLTAGES_UPWARD] == ["BT", "MT", "AT", "AAT"]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (identifiers.check_market_zone, "NORTH"),
        (identifiers.check_region, "Lombardy"),
        (identifiers.check_member_kind, "person"),
        (identifiers.check_source, "coal"),
        (identifiers.check_voltage, "LV"),
    ],
)
def test_what_is_on_no_list_is_refused_and_the_list_is_named(check: object, text: str) -> None:
    assert callable(check)
    with pytest.raises(InvalidIdentifier, match=f"'{text}' is not a .*: use one of "):
        check(text)
    assert issubclass(InvalidIdentifier, RuleViolation)
