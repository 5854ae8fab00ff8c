"""Distribution rules: the first, corrections, new ones from a month on, and what approved runs used."""

from datetime import date
from decimal import Decimal

import pytest

from apps.communities.community_file.problems import FileRefused
from apps.communities.errors import DistributionMissing
from apps.communities.models import Configuration, DistributionRule
from apps.communities.queries import get_distribution, get_perimeter
from tests.apps.communities.samples import Document, bring_in, look, make_document

pytestmark = pytest.mark.django_db

MARCH = date(2023, 3, 1)


def with_percent(percent: str, valid_from: str | None = None) -> Document:
    document = make_document()
    document["configurations"][0]["distribution"]["premium"]["producers_percent"] = percent
    if valid_from:
        document["configurations"][0]["distribution_valid_from"] = valid_from
    return document


def stored() -> list[tuple[str, str, str | None]]:
    rules = DistributionRule.objects.filter(configuration__code="UNO-A").order_by("valid_from")
    return [
        (rule.table["premium"]["producers_percent"], str(rule.valid_from), str(rule.valid_to) if rule.valid_to else None)
        for rule in rules
    ]


def refuse(document: Document, approved: tuple[date, ...] = ()) -> dict[str, str]:
    before = look()
    with pytest.raises(FileRefused) as refusal:
        bring_in(document, approved=approved)
    assert look() == before
    return {problem.path: problem.reason for problem in refusal.value.problems}


def test_the_first_rule_is_valid_from_the_start_of_the_configuration() -> None:
    bring_in(with_percent("50"))
    assert stored() == [("50", "2023-01-01", None)]


def test_the_table_is_stored_in_one_form_whatever_way_numbers_are_written() -> None:
    bring_in(with_percent("50.00"))
    assert stored() == [("50", "2023-01-01", None)]
    assert bring_in(with_percent("50")).changes_nothing


def test_a_rule_that_no_approved_run_used_is_corrected_in_place() -> None:
    bring_in(with_percent("50"))
    assert bring_in(with_percent("45")).updated["distribution_rules"] == 1
    assert stored() == [("45", "2023-01-01", None)]


def test_a_rule_that_an_approved_run_used_is_not_corrected_in_silence() -> None:
    bring_in(with_percent("50"))
    faults = refuse(with_percent("45"), approved=(MARCH,))
    assert "2023-03 was settled and approved" in faults["configurations[0].distribution"]
    assert bring_in(with_percent("50"), approved=(MARCH,)).changes_nothing


def test_a_date_ends_the_old_rule_and_begins_the_new_one() -> None:
    bring_in(with_percent("50"))
    document = with_percent("45", "2023-04-01")
    result = bring_in(document, approved=(MARCH,))
    assert (result.created["distribution_rules"], result.updated["distribution_rules"]) == (1, 1)
    assert stored() == [("50", "2023-01-01", "2023-04-01"), ("45", "2023-04-01", None)]
    assert bring_in(document, approved=(MARCH,)).changes_nothing


def test_a_new_rule_may_not_begin_in_a_month_that_is_approved() -> None:
    bring_in(with_percent("50"))
    faults = refuse(with_percent("45", "2023-03-01"), approved=(MARCH,))
    assert "Give a later date" in faults["configurations[0].distribution_valid_from"]


@pytest.mark.parametrize("day", ["2023-04-02", "2022-12-01"])
def test_a_new_rule_begins_on_a_first_of_month_after_the_start(day: str) -> None:
    bring_in(with_percent("50"))
    assert refuse(with_percent("45", day)).keys() == {"configurations[0].distribution_valid_from"}


def test_a_new_rule_may_not_slip_in_before_a_later_one() -> None:
    bring_in(with_percent("50"))
    bring_in(with_percent("45", "2023-06-01"))
    faults = refuse(with_percent("40", "2023-04-01"))
    assert "a later rule of UNO-A is already valid from 2023-06-01" in faults["configurations[0].distribution_valid_from"]


def test_an_older_rule_is_corrected_by_its_own_date_unless_approved() -> None:
    bring_in(with_percent("50"))
    bring_in(with_percent("45", "2023-06-01"))
    assert refuse(with_percent("40", "2023-01-01"), approved=(MARCH,)).keys() == {"configurations[0].distribution"}
    bring_in(with_percent("40", "2023-01-01"))
    assert stored() == [("40", "2023-01-01", "2023-06-01"), ("45", "2023-06-01", None)]


def test_the_rule_of_a_month_is_the_one_of_its_first_day() -> None:
    bring_in(with_percent("50"))
    bring_in(with_percent("45", "2023-04-01"))
    configuration = Configuration.objects.get(code="UNO-A")
    assert get_distribution(configuration, 2023, 3).premium.producers_percent == 50
    april = get_distribution(configuration, 2023, 4)
    assert (april.premium.producers_percent, april.valid_from) == (Decimal(45), date(2023, 4, 1))
    assert april.excess is not None
    assert get_distribution(Configuration.objects.get(code="UNO-B"), 2023, 4).excess is None


def test_a_configuration_that_starts_inside_a_month_has_its_rule_from_that_day() -> None:
    document = make_document()
    document["configurations"][0]["starts_on"] = "2023-01-15"
    bring_in(document)
    configuration = Configuration.objects.get(code="UNO-A")
    assert get_distribution(configuration, 2023, 1).valid_from == date(2023, 1, 15)


def test_a_month_without_a_rule_is_named() -> None:
    bring_in(make_document())
    configuration = Configuration.objects.get(code="UNO-A")
    DistributionRule.objects.filter(configuration=configuration).update(valid_to=date(2023, 3, 1))
    with pytest.raises(DistributionMissing, match=r"^Run 2023-03 of UNO-A cannot start: no distribution rule is in force"):
        get_distribution(configuration, 2023, 3)


def test_fixed_shares_reach_the_engine_as_exact_numbers_and_name_their_members() -> None:
    document = make_document()
    premium = document["configurations"][0]["distribution"]["premium"]
    premium |= {"producers_key": "fixed", "fixed": {"M3": "0.10", "M1": "0.9"}}
    bring_in(document)
    configuration = Configuration.objects.get(code="UNO-A")
    split = get_distribution(configuration, 2023, 3).premium
    assert [(code, str(share)) for code, share in split.fixed] == [("M1", "0.9"), ("M3", "0.1")]
    assert get_perimeter(configuration, 2023, 3).members == (("M1", "household"), ("M2", "local_authority"), ("M3", "sme"))


def test_the_perimeter_holds_points_plants_and_members_of_one_configuration() -> None:
    bring_in(make_document())
    perimeter = get_perimeter(Configuration.objects.get(code="UNO-A"), 2023, 3)
    assert [(point.pod_key, point.member, point.member_kind, point.voltage) for point in perimeter.points] == [
        ("IT001E00000001", "M1", "household", "BT"),
        ("IT001E00000002", "M2", "local_authority", "MT"),
    ]
    assert [(plant.code, plant.pod, str(plant.power_kw)) for plant in perimeter.plants] == [("P1", "IT001E00000001", "99.900")]
    assert perimeter.members == (("M1", "household"), ("M2", "local_authority"))
    other = get_perimeter(Configuration.objects.get(code="UNO-B"), 2023, 3)
    assert [point.pod for point in other.points] == ["IT020E00000003X"]
    assert (other.plants, other.members) == ((), (("M3", "sme"),))
