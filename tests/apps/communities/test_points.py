"""Who holds a POD when: a change of holder, corrected dates, and every way in which two would hold it at once."""

from datetime import date
from itertools import permutations

import pytest

from apps.communities.community_file.problems import FileRefused
from apps.communities.models import MeteringPoint
from tests.apps.communities.samples import Document, bring_in, look, make_document, make_other_community

pytestmark = pytest.mark.django_db

POD = "IT001E00000002"


def point(member: str = "M2", valid_from: str = "2023-01-01", valid_to: str | None = None, **more: str) -> Document:
    return {
        "pod": POD,
        "configuration": "UNO-A",
        "member": member,
        "voltage": "BT",
        "valid_from": valid_from,
        "valid_to": valid_to,
        **more,
    }


def with_points(*points: Document) -> Document:
    document = make_document()
    document["metering_points"][1:2] = []
    document["metering_points"] += points
    return document


def held() -> list[tuple[str, str, date, date | None]]:
    rows = MeteringPoint.objects.filter(pod_key=POD).order_by("valid_from")
    return list(rows.values_list("configuration__code", "member__code", "valid_from", "valid_to"))


def refuse(document: Document) -> dict[str, str]:
    before = look()
    with pytest.raises(FileRefused) as refusal:
        bring_in(document)
    assert look() == before
    return {problem.path: problem.reason for problem in refusal.value.problems}


def test_a_change_of_holder_ends_one_row_and_begins_another() -> None:
    bring_in(with_points(point("M2")))
    document = with_points(point("M3", "2023-05-01"), point("M2", valid_to="2023-05-01"))
    result = bring_in(document)
    assert (result.created["metering_points"], result.updated["metering_points"]) == (1, 1)
    assert held() == [
        ("UNO-A", "M2", date(2023, 1, 1), date(2023, 5, 1)),
        ("UNO-A", "M3", date(2023, 5, 1), None),
    ]
    assert bring_in(document).changes_nothing


def test_a_point_that_goes_and_comes_back_has_two_rows() -> None:
    document = with_points(point(valid_to="2023-03-01"), point("M2", "2023-06-01"))
    bring_in(document)
    assert len(held()) == 2
    assert bring_in(document).changes_nothing


@pytest.mark.parametrize("boundary", ["2023-03-01", "2023-07-01"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_boundaries_between_holders_move_in_either_direction(boundary: str, order: tuple[int, ...]) -> None:
    """The database refuses overlaps row by row, so the rows must be written in an order that never overlaps."""
    rows = [point("M1", valid_to="2023-05-01"), point("M2", "2023-05-01", "2023-09-01"), point("M3", "2023-09-01")]
    bring_in(with_points(*rows))
    rows = [point("M1", valid_to=boundary), point("M2", boundary, "2023-10-01"), point("M3", "2023-10-01")]
    document = with_points(*(rows[index] for index in order))
    assert bring_in(document).updated["metering_points"] == 3
    assert [(member, starts.isoformat()) for _, member, starts, _ in held()] == [
        ("M1", "2023-01-01"),
        ("M2", boundary),
        ("M3", "2023-10-01"),
    ]
    assert bring_in(document).changes_nothing


def test_a_corrected_start_moves_the_row_and_makes_no_second_one() -> None:
    bring_in(with_points(point()))
    bring_in(with_points(point(valid_from="2023-02-01")))
    assert held() == [("UNO-A", "M2", date(2023, 2, 1), None)]


def test_an_end_that_the_file_leaves_out_stays() -> None:
    bring_in(with_points(point(valid_to="2023-08-01")))
    row = point()
    del row["valid_to"]
    assert bring_in(with_points(row)).changes_nothing
    assert held()[0][3] == date(2023, 8, 1)


def test_two_holders_at_once_in_the_file_are_refused() -> None:
    faults = refuse(with_points(point("M2"), point("M3", "2023-05-01")))
    assert faults.keys() == {"metering_points[3].valid_from"}
    assert "held by M2 from 2023-01-01 on (metering_points[2])" in faults["metering_points[3].valid_from"]


def test_the_same_row_twice_is_refused() -> None:
    assert refuse(with_points(point(), point())).keys() == {"metering_points[3].valid_from"}
    bring_in(with_points(point()))
    assert refuse(with_points(point(), point())).keys() == {"metering_points[3].valid_from"}


def test_a_pod_in_two_configurations_at_once_is_refused_with_the_reason() -> None:
    faults = refuse(with_points(point(valid_to="2023-05-02"), point("M2", "2023-05-01", configuration="UNO-B")))
    assert "a POD can be in only one configuration at a time" in faults["metering_points[3].valid_from"]
    bring_in(with_points(point()))
    faults = refuse(with_points(point("M2", "2023-05-01", configuration="UNO-B")))
    assert "is in UNO-A from 2023-01-01 on (already stored)" in faults["metering_points[2].valid_from"]


def test_a_pod_may_move_between_configurations_on_a_day() -> None:
    bring_in(with_points(point(valid_to="2023-05-01"), point("M2", "2023-05-01", configuration="UNO-B")))
    assert [row[0] for row in held()] == ["UNO-A", "UNO-B"]


def test_a_new_holder_against_a_stored_one_is_refused() -> None:
    bring_in(with_points(point("M2")))
    faults = refuse(with_points(point("M3", "2023-05-01")))
    assert "held by M2 from 2023-01-01 on (already stored)" in faults["metering_points[2].valid_from"]


def test_the_fifteenth_character_makes_no_other_pod() -> None:
    faults = refuse(with_points(point("M2"), {**point("M3"), "pod": POD.lower() + "z"}))
    assert faults.keys() == {"metering_points[3].valid_from"}


def test_a_pod_of_another_community_is_free_once_it_left() -> None:
    other = make_other_community()
    other["metering_points"].append(other["metering_points"][0] | {"pod": POD, "valid_to": "2023-04-01"})
    bring_in(other)
    faults = refuse(with_points(point(valid_from="2023-03-31")))
    assert "another community from 2023-01-01 to 2023-04-01" in faults["metering_points[2].valid_from"]
    bring_in(with_points(point(valid_from="2023-04-01")))
    assert len(held()) == 2
