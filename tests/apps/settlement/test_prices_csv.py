"""prices.csv: what is read, what is refused with its line, and that a refused file leaves nothing behind."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.settlement.models import PriceImport, RuleParameter, ZonalPrice
from apps.settlement.prices.operations import PriceImportResult, import_prices, preview_prices
from apps.settlement.prices.rows import PricesRefused

pytestmark = pytest.mark.django_db

AS_OF = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
HEADER = "starts_at;zone;price_eur_per_mwh\n"


def bring_in(text: str | bytes) -> PriceImportResult:
    content = text if isinstance(text, bytes) else text.encode()
    return import_prices(content=content, file_name="prices.csv", imported_by=None, as_of=AS_OF)


def stored() -> list[tuple[str, str, int, str]]:
    rows = ZonalPrice.objects.order_by("starts_at", "zone").values_list("zone", "starts_at", "minutes", "price_eur_per_mwh")
    return [(zone, f"{at:%Y-%m-%dT%H:%MZ}", minutes, f"{price.normalize():f}") for zone, at, minutes, price in rows]


def refuse(text: str | bytes) -> list[str]:
    before = list(ZonalPrice.objects.order_by("pk").values()), PriceImport.objects.count()
    with pytest.raises(PricesRefused) as refusal:
        bring_in(text)
    assert (list(ZonalPrice.objects.order_by("pk").values()), PriceImport.objects.count()) == before
    return [str(fault) for fault in refusal.value.faults]


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "2023-03-01T00:00:00Z;NORD;136.38\n2023-03-01T01:00:00+01:00;SUD;-10\n",
        HEADER + "2023-03-01T01:00:00+01:00;nord;136,380000\r\n2023-03-01T00:00Z;SUD;-10,0",
        "\ufeff" + HEADER + "\n2023-03-01 00:00:00+00:00; NORD ;136.38\n\n2023-03-01T00:00:00Z;SUD;-10\n\n",
        'starts_at,zone,price_eur_per_mwh\n2023-03-01T00:00:00Z,NORD,"136,38"\n2023-03-01T00:00:00Z,SUD,-10\n',
        "zone;price_eur_per_mwh;starts_at\nNORD;136.38;2023-03-01T00:00:00Z\nSUD;-10;2023-03-01T00:00:00Z\n",
    ],
    ids=["point", "comma", "bom and blank lines", "comma between fields", "other order of columns"],
)
def test_every_lawful_way_of_writing_gives_the_same_prices(text: str) -> None:
    result = bring_in(text)
    assert (result.format, result.read, result.new) == ("csv", 2, 2)
    assert stored() == [("NORD", "2023-03-01T00:00Z", 60, "136.38"), ("SUD", "2023-03-01T00:00Z", 60, "-10")]


def test_the_same_file_twice_changes_nothing_and_is_logged() -> None:
    text = HEADER + "2023-03-01T00:00:00Z;NORD;136.38\n2023-03-01T01:00:00Z;NORD;0\n"
    bring_in(text)
    before = list(ZonalPrice.objects.order_by("pk").values())
    result = bring_in(text)
    assert (result.new, result.changed, result.unchanged) == (0, 0, 2)
    assert list(ZonalPrice.objects.order_by("pk").values()) == before
    assert list(PriceImport.objects.order_by("pk").values_list("rows_read", "rows_new", "rows_changed", "rows_unchanged")) == [
        (2, 2, 0, 0),
        (2, 0, 0, 2),
    ]


def test_a_changed_price_says_so() -> None:
    bring_in(HEADER + "2023-03-01T00:00:00Z;NORD;136.38\n2023-03-01T01:00:00Z;NORD;1\n")
    result = bring_in(HEADER + "2023-03-01T00:00:00Z;NORD;136.39\n2023-03-01T02:00:00Z;NORD;3\n2023-03-01T01:00:00Z;NORD;1.0\n")
    assert (result.new, result.changed, result.unchanged) == (1, 1, 1)
    (change,) = result.changes
    assert (change.zone, change.before_eur_per_mwh, change.after_eur_per_mwh) == ("NORD", Decimal("136.38"), Decimal("136.39"))
    assert [price for *_, price in stored()] == ["136.39", "1", "3"]


def test_an_empty_price_is_missing_and_not_zero() -> None:
    result = bring_in(HEADER + "2023-03-01T00:00:00Z;NORD;\n2023-03-01T01:00:00Z;NORD;1\n")
    assert (result.read, result.missing, result.new) == (2, 1, 1)
    assert len(stored()) == 1


def test_a_row_given_twice_alike_counts_once() -> None:
    result = bring_in(HEADER + 2 * "2023-03-01T00:00:00Z;NORD;1\n")
    assert (result.read, result.new) == (2, 1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2023-03-01T00:00:00;NORD;1", "has no offset"),
        ("01/03/2023 00:00;NORD;1", "is not an instant"),
        ("2023-03-01T00:20:00Z;NORD;1", "begins inside a quarter hour"),
        ("2023-03-01T00:00:01Z;NORD;1", "begins inside a quarter hour"),
        ("2023-03-01T00:15:00Z;NORD;1", "prices per quarter exist only from 2025-10-01 on"),
        ("0023-03-01T00:00:00Z;NORD;1", "not a likely instant"),
        ("2023-03-01T00:00:00Z;PUN;1", "'PUN' is not a market zone"),
        ("2023-03-01T00:00:00Z;;1", "is not a market zone"),
        ("2023-03-01T00:00:00Z;NORD;1.234,56", "is not a price"),
        ("2023-03-01T00:00:00Z;NORD;abc", "is not a price"),
        ("2023-03-01T00:00:00Z;NORD;NaN", "is not a price"),
        ("2023-03-01T00:00:00Z;NORD;1e3", "is not a price"),
        ("2023-03-01T00:00:00Z;NORD;1.1234567", "more than 6 decimals"),
        ("2023-03-01T00:00:00Z;NORD;500001", "beyond any market limit"),
        ("2023-03-01T00:00:00Z;NORD", "has 2 fields instead of 3"),
        ("2023-03-01T00:00:00Z;NORD;1;2", "has 4 fields instead of 3"),
        ("2023-03-01T05:00:00Z;NORD;2", "already stands at line 2 with another price"),
    ],
)
def test_one_bad_line_refuses_the_whole_file_with_its_number(line: str, reason: str) -> None:
    faults = refuse(HEADER + "2023-03-01T05:00:00Z;NORD;1\n" + line + "\n2023-03-01T06:00:00Z;NORD;1\n")
    assert len(faults) == 1
    assert faults[0].startswith("line 3: ")
    assert reason in faults[0]


def test_every_bad_line_is_listed() -> None:
    faults = refuse(HEADER + "x;NORD;1\n2023-03-01T00:00:00Z;NORD;1\n2023-03-01T00:00:00Z;X;1\n\n2023-03-01T00:00:00Z;SUD;x\n")
    assert [fault.split(":")[0] for fault in faults] == ["line 2", "line 4", "line 6"]


def test_a_very_bad_file_lists_its_first_faults_and_their_number() -> None:
    faults = refuse(HEADER + "x;NORD;1\n" * 2000)
    assert len(faults) == 501
    assert faults[-1] == "… and 1500 more faults of 2000."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "the header must name"),
        (b"2023-03-01T00:00:00Z;NORD;1\n", "the header must name"),
        (b"starts_at;zone\n", "the header must name"),
        (HEADER.encode(), "holds a header and no prices"),
        (HEADER.encode() + b"\xe8;NORD;1\n", "not UTF-8"),
        (b"PK\x03\x04rest", "ZIP archive"),
        (HEADER.encode() + b'"2023', "this is not CSV"),
    ],
)
def test_what_is_no_price_file_is_refused(text: bytes, reason: str) -> None:
    (fault,) = refuse(text)
    assert reason in fault


def quarters(day: str, zone: str = "NORD", prices: tuple[str, ...] = ("10", "20", "30", "41")) -> str:
    return "".join(f"{day}T10:{15 * index:02d}:00Z;{zone};{price}\n" for index, price in enumerate(prices))


def test_quarters_are_told_from_hours_by_zone_and_day() -> None:
    bring_in(HEADER + quarters("2025-10-01") + "2025-10-01T10:00:00Z;SUD;5\n2025-10-02T10:00:00Z;NORD;7\n")
    assert [row[:3] for row in stored()] == [
        ("NORD", "2025-10-01T10:00Z", 15),
        ("SUD", "2025-10-01T10:00Z", 60),
        ("NORD", "2025-10-01T10:15Z", 15),
        ("NORD", "2025-10-01T10:30Z", 15),
        ("NORD", "2025-10-01T10:45Z", 15),
        ("NORD", "2025-10-02T10:00Z", 60),
    ]


def test_quarters_begin_with_the_local_day_of_the_law() -> None:
    """2025-09-30 22:00 UTC is midnight in Rome: the first quarter hour that the market priced."""
    lines = "".join(f"2025-09-30T22:{minute:02d}:00Z;NORD;1\n" for minute in (0, 15, 30, 45))
    bring_in(HEADER + lines)
    assert {row[2] for row in stored()} == {15}
    assert refuse(HEADER + "2025-09-30T21:45:00Z;NORD;1\n") == [
        "line 2: begins inside an hour, but prices per quarter exist only from 2025-10-01 on."
    ]


def test_the_first_day_of_quarters_is_a_dated_value() -> None:
    RuleParameter.objects.filter(key="quarter_hour_prices").update(valid_from="2025-11-01")
    assert "from 2025-11-01 on" in refuse(HEADER + quarters("2025-10-01"))[0]


def test_four_quarters_take_the_place_of_an_hour_and_three_do_not() -> None:
    bring_in(HEADER + "2025-11-01T10:00:00Z;NORD;25\n")
    (fault,) = refuse(HEADER + quarters("2025-11-01", prices=("10", "20", "30")))
    assert "NORD at 2025-11-01 11:00 is priced per hour: give all four quarters or none" in fault
    result = bring_in(HEADER + quarters("2025-11-01"))
    assert (result.new, result.changed) == (3, 1)
    assert [row[2] for row in stored()] == [15, 15, 15, 15]


def test_an_hour_never_takes_the_place_of_its_quarters() -> None:
    bring_in(HEADER + quarters("2025-11-01"))
    (fault,) = refuse(HEADER + "2025-11-01T10:00:00Z;NORD;25\n")
    assert "already priced per quarter" in fault


def test_a_preview_says_the_same_and_writes_nothing() -> None:
    content = (HEADER + "2023-03-01T00:00:00Z;NORD;136.38\n").encode()
    previewed = preview_prices(content=content)
    assert (ZonalPrice.objects.count(), PriceImport.objects.count()) == (0, 0)
    assert bring_in(content) == previewed


def test_a_year_of_seven_zones_is_one_statement_each_way(django_assert_num_queries: object) -> None:
    first = datetime(2023, 1, 1, tzinfo=UTC)
    lines = [
        f"{(first + timedelta(hours=hour)).isoformat()};{zone};{hour}.5\n"
        for hour in range(1000)
        for zone in ("NORD", "CNOR", "CSUD", "SUD", "CALA", "SICI", "SARD")
    ]
    with django_assert_num_queries(9):  # type: ignore[operator]
        assert bring_in(HEADER + "".join(lines)).new == 7000


def run(path: Path, *options: str) -> tuple[str, str, int]:
    out, err = StringIO(), StringIO()
    try:
        call_command("import_prices", str(path), *options, stdout=out, stderr=err)
    except SystemExit as end:
        return out.getvalue(), err.getvalue(), int(end.code or 0)
    return out.getvalue(), err.getvalue(), 0


def test_the_command_answers_in_json_and_refuses_with_1(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(HEADER + "2023-03-01T00:00:00Z;NORD;136.38\n")
    out, err, code = run(path, "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert {name: answer[name] for name in ("read", "new", "changed", "unchanged")} == {
        "read": 1,
        "new": 1,
        "changed": 0,
        "unchanged": 0,
    }
    path.write_text(HEADER + "2023-03-01T00:00:00Z;NORD;137\n")
    assert "changed: NORD 2023-03-01 01:00 136.380000 → 137 €/MWh" in run(path)[0]
    path.write_text(HEADER + "2023-03-01T00:00:00;NORD;137\nx;NORD;1\n")
    out, err, code = run(path, "--json")
    assert (out, code) == ("", 1)
    assert [line.split(":")[0] for line in err.splitlines()] == ["line 2", "line 3"]
    with pytest.raises(CommandError) as error:
        call_command("import_prices", str(tmp_path / "none.csv"))
    assert error.value.returncode == 2
