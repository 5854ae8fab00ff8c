"""Every fault of a file is named with its path, all of them together, and nothing is written."""

import json
from typing import Any

import pytest
from django.db import IntegrityError

from apps.communities.community_file.problems import FileRefused
from tests.apps.communities.samples import Document, bring_in, look, make_document, make_other_community

pytestmark = pytest.mark.django_db

REMOVED = object()


def change(path: str, value: Any) -> Document:
    """The sample with one place changed: `members.0.kind`."""
    document = make_document()
    *way, last = path.split(".")
    place: Any = document
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    key = int(last) if isinstance(place, list) else last
    if value is REMOVED:
        del place[key]
    elif isinstance(place, list) and key == len(place):
        place.append(value)
    else:
        place[key] = value
    return document


def refuse(document: Document | bytes) -> dict[str, str]:
    """The faults of a file by path; asserts that refusing it left everything as it was."""
    before = look()
    with pytest.raises(FileRefused) as refusal:
        bring_in(document)
    assert look() == before
    assert all(problem.reason[-1] in ".…" for problem in refusal.value.problems), "a reason is a sentence"
    return {problem.path: problem.reason for problem in refusal.value.problems}


CASES = [
    # structure
    ("community", REMOVED, "community", "missing"),
    ("community", [], "community", "must be an object"),
    ("plants", REMOVED, "plants", "missing"),
    ("members", {}, "members", "must be a list"),
    ("members.1", "M2", "members[1]", "must be an object"),
    ("nickname", "x", "nickname", "unknown"),
    ("members.0.nickname", "x", "members[0].nickname", "unknown"),
    ("metering_points.1.meter", "x", "metering_points[1].meter", "unknown"),
    ("configurations.0.distribution.premium.key", "x", "configurations[0].distribution.premium.key", "unknown"),
    ("members.0.name", REMOVED, "members[0].name", "missing"),
    ("members.0.name", None, "members[0].name", "must be a text, not null"),
    ("members.0.name", "  ", "members[0].name", "empty"),
    ("members.0.name", "x" * 201, "members[0].name", "201 characters"),
    ("members.0.name", "a\x00b", "members[0].name", "control character"),
    ("members.0.name", "\ud800", "members[0].name", "control character"),
    ("members.0.code", "M 1", "members[0].code", "is not a code"),
    ("members.0.code", "../etc", "members[0].code", "is not a code"),
    # people
    ("community.tax_code", "12345678901", "community.tax_code", "is not a tax code"),
    ("members.0.tax_code", "RSSNNA80A41A124D", "members[0].tax_code", "is not a tax code"),
    ("members.0.tax_code", "RSSNNA80A41", "members[0].tax_code", "is not a tax code"),
    ("members.0.tax_code", "00000000000", "members[0].tax_code", "is not a tax code"),
    ("members.0.iban", "IT61X0542811101000000123456", "members[0].iban", "is not an IBAN"),
    ("community.iban", "IT60", "community.iban", "is not an IBAN"),
    ("members.0.email", "anna", "members[0].email", "is not an e-mail"),
    ("members.0.kind", "person", "members[0].kind", "household, sme"),
    # dates
    ("members.0.joined_on", "01/01/2023", "members[0].joined_on", "YYYY-MM-DD"),
    ("members.0.joined_on", "2023-02-29", "members[0].joined_on", "not a day of the calendar"),
    ("members.0.joined_on", "20230101", "members[0].joined_on", "YYYY-MM-DD"),
    ("members.0.joined_on", "0023-01-01", "members[0].joined_on", "not a likely date"),
    ("members.0.left_on", "2023-01-01", "members[0].left_on", "must be after"),
    ("metering_points.0.valid_to", "2022-12-31", "metering_points[0].valid_to", "must be after"),
    ("configurations.0.ends_on", "2023-01-01", "configurations[0].ends_on", "must be after"),
    # codes of the outside world
    ("metering_points.1.pod", "IT001F00000002", "metering_points[1].pod", "is not a POD"),
    ("metering_points.1.pod", "IT001E0000002", "metering_points[1].pod", "is not a POD"),
    ("metering_points.1.voltage", "bt", "metering_points[1].voltage", "BT, MT"),
    ("metering_points.1.storage_efficiency", "1.1", "metering_points[1].storage_efficiency", "from 0 to 1"),
    ("configurations.0.primary_substation", "AC001X01298", "configurations[0].primary_substation", "primary substation"),
    ("configurations.0.kind", "CER", "configurations[0].kind", "cer, group"),
    ("plants.0.source", "solar", "plants[0].source", "photovoltaic"),
    ("plants.0.region", "Lombardy", "plants[0].region", "Lombardia"),
    ("plants.0.market_zone", "NORTH", "plants[0].market_zone", "NORD"),
    # numbers
    ("plants.0.power_kw", 99.9, "plants[0].power_kw", "write the number in quotes"),
    ("plants.0.power_kw", "99,9", "plants[0].power_kw", "is not a number"),
    ("plants.0.power_kw", "1e3", "plants[0].power_kw", "is not a number"),
    ("plants.0.power_kw", "0", "plants[0].power_kw", "above 0"),
    ("plants.0.power_kw", "-5", "plants[0].power_kw", "out of bounds"),
    ("plants.0.power_kw", "1.0001", "plants[0].power_kw", "more than 3 decimals"),
    ("plants.0.grant_intensity", "40", "plants[0].grant_intensity", "from 0 to 1"),
    ("plants.0.grant_intensity", REMOVED, "plants[0].grant_intensity", "missing"),
    ("plants.0.obligation_power_kw", "100", "plants[0].obligation_power_kw", "more than the power"),
    ("plants.0.in_building", "yes", "plants[0].in_building", "true or false"),
    # references
    ("metering_points.0.configuration", "UNO-C", "metering_points[0].configuration", "no configuration"),
    ("metering_points.0.member", "M9", "metering_points[0].member", "no member"),
    ("plants.0.pod", "IT001E00000009", "plants[0].pod", "none of the metering points"),
    # distribution
    ("configurations.0.distribution.premium", REMOVED, "configurations[0].distribution.premium", "missing"),
    (
        "configurations.0.distribution.premium.producers_percent",
        "100.1",
        "configurations[0].distribution.premium.producers_percent",
        "from 0 to 100",
    ),
    (
        "configurations.0.distribution.premium.producers_key",
        "withdrawn",
        "configurations[0].distribution.premium.producers_key",
        "injected, incentivised, equal, fixed",
    ),
    (
        "configurations.0.distribution.excess.consumers_key",
        "injected",
        "configurations[0].distribution.excess.consumers_key",
        "coincident, withdrawn, equal, fixed",
    ),
    (
        "configurations.0.distribution.premium.deductions.1",
        {"account": "fund", "percent": "90.01"},
        "configurations[0].distribution.premium.deductions",
        "100.01 % together",
    ),
    (
        "configurations.0.distribution.premium.deductions.0.percent",
        10,
        "configurations[0].distribution.premium.deductions[0].percent",
        "in quotes",
    ),
    (
        "configurations.0.distribution.premium.consumers_key",
        "fixed",
        "configurations[0].distribution.premium.fixed",
        "is missing",
    ),
    (
        "configurations.0.distribution.premium.fixed",
        {"M1": "1"},
        "configurations[0].distribution.premium.fixed",
        "no key is 'fixed'",
    ),
    ("configurations.0.distribution_valid_from", "2023-02-02", "configurations[0].distribution_valid_from", "first day"),
    ("configurations.0.distribution_valid_from", "2022-12-01", "configurations[0].distribution_valid_from", "before"),
]


@pytest.mark.parametrize("stored", [False, True], ids=["empty", "stored"])
@pytest.mark.parametrize(("place", "value", "path", "reason"), CASES)
def test_a_fault_is_named_with_its_path_and_nothing_is_written(
    place: str, value: Any, path: str, reason: str, stored: bool
) -> None:
    if stored:
        bring_in(make_document())
    faults = refuse(change(place, value))
    assert reason in faults[path]
    assert len(faults) == 1, faults


def test_a_new_configuration_needs_a_distribution_and_a_known_one_keeps_its_own() -> None:
    document = change("configurations.0.distribution", REMOVED)
    assert "has no distribution rule yet" in refuse(document)["configurations[0].distribution"]
    bring_in(make_document())
    assert bring_in(document).changes_nothing


def test_the_sample_itself_has_no_fault() -> None:
    bring_in(make_document())
    assert len(look()["MeteringPoint"]) == 3


@pytest.mark.parametrize("shares", [{"M1": "0.5", "M2": "0.4"}, {"M1": "0.5", "M2": "0.500001"}, {}])
def test_fixed_shares_that_do_not_sum_to_one_are_refused(shares: dict[str, str]) -> None:
    document = change("configurations.0.distribution.premium.consumers_key", "fixed")
    document["configurations"][0]["distribution"]["premium"]["fixed"] = shares
    assert "not to 1" in refuse(document)["configurations[0].distribution.premium.fixed"]


def test_a_fixed_share_of_a_stranger_is_refused_by_its_name() -> None:
    document = change("configurations.0.distribution.premium.producers_key", "fixed")
    document["configurations"][0]["distribution"]["premium"]["fixed"] = {"M1": "0.5", "M7": "0.5"}
    assert "no member" in refuse(document)["configurations[0].distribution.premium.fixed.M7"]


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        (b"", "", "line 1 column 1"),
        (b'{"community": {}', "", "this is not JSON"),
        (b"\xff\xfe", "", "not UTF-8"),
        (b"[" * 100_000, "", "nested too deeply"),
        (b'"community"', "", "must be an object"),
        (b"NaN", "", "must be an object {…}, not a number"),
    ],
)
def test_what_is_no_object_at_all_is_refused_with_its_place(text: bytes, path: str, reason: str) -> None:
    assert reason in refuse(text)[path]


def test_a_key_given_twice_is_refused_wherever_it_stands() -> None:
    text = json.dumps(make_document()).replace('"code": "M2"', '"code": "M5", "code": "M2"')
    text = text.replace('"legal_form"', '"iban": "", "legal_form"')
    faults = refuse(text.encode())
    assert faults.keys() == {"members[1].code", "community.iban"}
    assert "more than once" in faults["members[1].code"]


def test_the_same_code_twice_is_refused_at_the_second() -> None:
    document = make_document()
    document["members"].append(dict(document["members"][0]))
    document["configurations"].append(dict(document["configurations"][0]))
    document["plants"] += [document["plants"][0], document["plants"][0] | {"code": "P2"}]
    faults = refuse(document)
    assert faults.keys() == {"configurations[2].code", "members[3].code", "plants[1].code", "plants[1].pod", "plants[2].pod"}
    assert "already stands at members[0]" in faults["members[3].code"]


def test_all_faults_come_together_in_the_order_of_the_file() -> None:
    document = make_document()
    document["metering_points"] += [dict(document["metering_points"][0]) for _ in range(8)]
    document["metering_points"][10]["pod"] = "X"
    document["metering_points"][2]["voltage"] = "V"
    document["metering_points"][2]["member"] = "M9"
    document["members"][0]["iban"] = "X"
    document["extra"] = []
    for index in range(3, 10):
        document["metering_points"][index]["pod"] = f"IT001E0000001{index}"
    with pytest.raises(FileRefused) as refusal:
        bring_in(document)
    assert [problem.path for problem in refusal.value.problems] == [
        "extra",
        "members[0].iban",
        "metering_points[2].member",
        "metering_points[2].voltage",
        "metering_points[10].pod",
    ]


def test_a_hostile_file_gives_faults_that_can_be_printed() -> None:
    document = make_document()
    document["\ud800"] = 1
    document["x" * 10_000] = 1
    document["members"][0]["kind"] = "\udfff" * 10_000
    document["community"] |= {f"key{number}": "" for number in range(2000)}
    with pytest.raises(FileRefused) as refusal:
        bring_in(document)
    assert len(refusal.value.problems) == 501
    assert refusal.value.problems[-1].reason == "… and 1503 more faults of 2003."
    str(refusal.value).encode()
    assert max(len(str(problem)) for problem in refusal.value.problems) < 1300


def test_a_personal_value_is_not_repeated_whole_in_the_reason() -> None:
    reason = refuse(change("members.0.iban", "IT61X0542811101000000123456"))["members[0].iban"]
    assert "•••3456" in reason
    assert "0542811101" not in reason


def test_what_belongs_to_another_community_is_refused_without_saying_whose_it_is() -> None:
    bring_in(make_other_community())
    document = make_document()
    document["configurations"][1]["code"] = "DUE-A"
    document["metering_points"][0]["pod"] = "IT001E99999999"
    document["metering_points"][2]["configuration"] = "DUE-A"
    document["plants"][0]["pod"] = "IT001E99999999"
    faults = refuse(document)
    assert faults.keys() == {"configurations[1].code", "metering_points[0].valid_from", "plants[0].pod"}
    assert "another community" in faults["metering_points[0].valid_from"]
    assert not any("CER-DUE" in reason or "Bianchi" in reason for reason in faults.values())


@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_when_the_database_refuses_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The net below the checks: a row that only the database refuses takes everything before it back."""
    monkeypatch.setattr("apps.communities.community_file.plan_plants._check_pod", lambda *arguments: None)
    document = make_document()
    document["plants"].append(document["plants"][0] | {"code": "P2"})
    monkeypatch.setattr("apps.communities.community_file.document._refuse_twins", lambda *arguments: None)
    before = look()

    with pytest.raises(IntegrityError):
        bring_in(document)
    assert look() == before
