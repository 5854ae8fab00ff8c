"""What an import writes, what importing again changes, and what it never does."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from apps.communities.community_file.problems import FileRefused
from apps.communities.models import Community, Configuration, Member, Membership, Plant
from apps.communities.operations import preview_community
from tests.apps.communities.samples import Document, bring_in, look, make_document, make_other_community

pytestmark = pytest.mark.django_db

NOTHING = dict.fromkeys(
    ("communities", "configurations", "distribution_rules", "members", "memberships", "metering_points", "plants"), 0
)


def test_a_new_community_is_written_whole() -> None:
    result = bring_in(make_document())
    assert result.community == "CER-UNO"
    assert result.created == {
        "communities": 1,
        "configurations": 2,
        "distribution_rules": 2,
        "members": 3,
        "memberships": 3,
        "metering_points": 3,
        "plants": 1,
    }
    assert (result.updated, result.unchanged) == (NOTHING, NOTHING)
    community = Community.objects.get(code="CER-UNO")
    assert (community.iban, community.legal_form) == ("IT60X0542811101000000123456", "association")
    member = Member.objects.get(community=community, code="M1")
    assert (member.tax_code, member.email, member.kind) == ("RSSNNA80A41A124C", "anna@example.org", "household")
    assert list(member.periods.values_list("joined_on", "left_on")) == [(date(2023, 1, 1), None)]
    point = member.metering_points.get()
    assert (point.pod, point.configuration.code, point.voltage) == ("IT001E00000001", "UNO-A", "BT")
    plant = Plant.objects.get(community=community, code="P1")
    assert (plant.pod_key, plant.power_kw, plant.in_building) == ("IT001E00000001", Decimal("99.9"), True)


def test_a_pod_of_15_characters_is_kept_and_compared_on_14() -> None:
    bring_in(make_document())
    point = Member.objects.get(code="M3").metering_points.get()
    assert (point.pod, point.pod_key) == ("IT020E00000003X", "IT020E00000003")
    again = make_document()
    again["metering_points"][2]["pod"] = "it020e00000003"
    assert bring_in(again).changes_nothing
    again["metering_points"][2]["pod"] = "IT020E00000003Y"
    assert bring_in(again).updated == NOTHING | {"metering_points": 1}


def test_the_same_file_twice_changes_nothing_and_says_so() -> None:
    first = bring_in(make_document())
    before = look()
    second = bring_in(make_document())
    assert second.changes_nothing
    assert second.unchanged == first.created
    assert (second.created, second.updated) == (NOTHING, NOTHING)
    assert look() == before


@pytest.mark.parametrize("absent", ["iban", "tax_code", "legal_form"])
def test_what_the_file_leaves_out_stays_and_null_empties_it(absent: str) -> None:
    bring_in(make_document())
    document = make_document()
    del document["community"][absent]
    assert bring_in(document).changes_nothing
    document["community"][absent] = None
    assert bring_in(document).updated == NOTHING | {"communities": 1}
    assert getattr(Community.objects.get(), absent) == ""


def edit(document: Document, path: str, value: Any) -> Document:
    *way, last = path.split(".")
    place: Any = document
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "subject", "field"),
    [
        ("community.name", "CER Nuova", "communities", "name"),
        ("configurations.0.primary_substation", "AC002E00001", "configurations", "primary_substation"),
        ("configurations.0.ends_on", "2030-01-01", "configurations", "ends_on"),
        ("members.0.name", "Anna Rossi Bianchi", "members", "name"),
        ("members.0.iban", "IT78B0542811101000000000007", "members", "iban"),
        ("members.0.left_on", "2024-01-01", "memberships", "left_on"),
        ("members.0.joined_on", "2023-01-15", "memberships", "joined_on"),
        ("metering_points.1.voltage", "AT", "metering_points", "voltage"),
        ("metering_points.1.valid_to", "2024-01-01", "metering_points", "valid_to"),
        ("metering_points.1.valid_from", "2023-02-01", "metering_points", "valid_from"),
        ("metering_points.1.storage_efficiency", "0.85", "metering_points", "storage_efficiency"),
        ("plants.0.grant_intensity", "0.4", "plants", "grant_intensity"),
        ("plants.0.in_building", False, "plants", "in_building"),
        ("configurations.0.distribution.premium.producers_percent", "45", "distribution_rules", "table"),
    ],
)
def test_one_changed_value_updates_one_row_and_no_other(path: str, value: Any, subject: str, field: str) -> None:
    bring_in(make_document())
    before = look()
    document = edit(make_document(), path, value)
    result = bring_in(document)
    assert (result.created, result.updated) == (NOTHING, NOTHING | {subject: 1})
    changed = [change for change in result.changes if change.action == "updated"]
    assert [[found.name for found in change.fields] for change in changed] == [[field]]
    after = look()
    assert {name: [row["id"] for row in rows] for name, rows in after.items()} == {
        name: [row["id"] for row in rows] for name, rows in before.items()
    }
    differing = [
        (name, key) for name in after for a, b in zip(after[name], before[name], strict=True) for key in a if a[key] != b[key]
    ]
    assert [key for _, key in differing] == [field]
    assert bring_in(document).changes_nothing


def test_a_personal_value_is_masked_in_what_a_preview_shows() -> None:
    bring_in(make_document())
    result = bring_in(edit(make_document(), "members.0.iban", "IT78B0542811101000000000007"))
    (change,) = [change for change in result.changes if change.action == "updated"]
    assert (change.fields[0].before, change.fields[0].after) == ("•••3456", "•••0007")


def test_nothing_is_ever_deleted_because_a_file_does_not_speak_of_it() -> None:
    bring_in(make_document())
    before = look()
    document = make_document()
    document["members"] = document["members"][:1]
    document["metering_points"] = document["metering_points"][:1]
    document["configurations"], document["plants"] = [], []
    assert bring_in(document).changes_nothing
    assert look() == before


def test_a_file_may_refer_to_what_only_the_database_knows() -> None:
    bring_in(make_document())
    document = make_document()
    document |= {"configurations": [], "members": [], "metering_points": []}
    document["plants"].append(document["plants"][0] | {"code": "P2", "pod": "IT001E00000002"})
    assert bring_in(document).created == NOTHING | {"plants": 1}


def test_two_plants_can_change_places() -> None:
    document = make_document()
    document["plants"].append(document["plants"][0] | {"code": "P2", "pod": "IT001E00000002"})
    bring_in(document)
    document["plants"][0]["pod"], document["plants"][1]["pod"] = "IT001E00000002", "IT001E00000001"
    assert bring_in(document).updated == NOTHING | {"plants": 2}
    assert dict(Plant.objects.values_list("code", "pod_key")) == {"P1": "IT001E00000002", "P2": "IT001E00000001"}


def test_a_second_plant_behind_a_stored_one_is_refused() -> None:
    bring_in(make_document())
    document = make_document()
    document["plants"] = [document["plants"][0] | {"code": "P2"}]
    with pytest.raises(FileRefused, match=r"plants\[0\].pod: the plant P1 stands behind IT001E00000001 already"):
        bring_in(document)


def test_somebody_who_comes_back_has_two_periods() -> None:
    bring_in(edit(make_document(), "members.0.left_on", "2023-07-01"))
    back = make_document()
    back["members"][0] |= {"joined_on": "2024-01-01", "left_on": None}
    assert bring_in(back).created == NOTHING | {"memberships": 1}
    assert list(Membership.objects.filter(member__code="M1").values_list("joined_on", "left_on")) == [
        (date(2023, 1, 1), date(2023, 7, 1)),
        (date(2024, 1, 1), None),
    ]
    wide = make_document()
    with pytest.raises(FileRefused, match=r"members\[0\].joined_on: the period from 2023-01-01 on overlaps 2 stored"):
        bring_in(wide)


def test_somebody_who_comes_back_on_the_day_of_leaving_has_two_periods() -> None:
    bring_in(edit(make_document(), "members.0.left_on", "2023-07-01"))
    back = make_document()
    back["members"][0] |= {"joined_on": "2023-07-01", "left_on": None}
    assert bring_in(back).created == NOTHING | {"memberships": 1}
    assert not bring_in(back).warnings, "two periods that touch are one to a point that lasts through both"


def test_two_communities_keep_their_equal_codes_apart() -> None:
    bring_in(make_document())
    bring_in(make_other_community())
    assert Member.objects.filter(code="M1").count() == 2
    assert Plant.objects.filter(code="P1").count() == 2
    assert Configuration.objects.get(code="DUE-A").community.code == "CER-DUE"


def test_a_preview_says_the_same_and_writes_nothing() -> None:
    bring_in(make_document())
    before = look()
    document = edit(make_document(), "members.0.name", "Anna")
    previewed = preview_community(content=json.dumps(document).encode(), approved_months=lambda configuration: ())
    assert look() == before
    assert bring_in(document) == previewed


def test_points_outside_membership_or_configuration_are_accepted_with_a_warning() -> None:
    document = make_document()
    document["members"][0] |= {"joined_on": "2023-02-01", "left_on": "2023-12-01"}
    document["metering_points"][1]["valid_from"] = "2022-12-01"
    document["members"][1]["joined_on"] = "2022-01-01"
    assert bring_in(document).warnings == (
        "metering_points[0]: IT001E00000001 is valid from 2023-01-01 on, but M1 is a member from 2023-02-01 to 2023-12-01.",
        "metering_points[1]: IT001E00000002 is valid from 2022-12-01 on, but UNO-A is active from 2023-01-01 on.",
    )


def test_a_moved_start_takes_the_first_rule_along() -> None:
    bring_in(make_document())
    document = edit(make_document(), "configurations.0.starts_on", "2022-10-15")
    result = bring_in(document)
    assert result.updated == NOTHING | {"configurations": 1, "distribution_rules": 1}
    configuration = Configuration.objects.get(code="UNO-A")
    assert configuration.distribution_rules.get().valid_from == date(2022, 10, 15)
    assert bring_in(document).changes_nothing
