"""GME's XML: whole local days in the order of Europe/Rome, and XML that asks for more than to be read."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from apps.engine.calendar import day_starts_at, hours_in_day
from apps.settlement.models import PriceImport, ZonalPrice
from apps.settlement.prices.operations import PriceImportResult, import_prices
from apps.settlement.prices.rows import PricesRefused

pytestmark = pytest.mark.django_db

AS_OF = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
# As the real files begin: the data set brings its own schema, in which the names of the columns appear as well.
SCHEMA = """<xs:schema id="NewDataSet" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:msdata="urn:schemas-microsoft-com:xml-msdata">
    <xs:element name="NewDataSet" msdata:IsDataSet="true" msdata:UseCurrentLocale="true"><xs:complexType>
      <xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="Prezzi"><xs:complexType><xs:sequence>
        <xs:element name="Data" type="xs:string" minOccurs="0" /><xs:element name="NORD" type="xs:string" minOccurs="0" />
      </xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element>
  </xs:schema>"""


def record(day: date, period: int, name: str = "Prezzi", key: str = "Ora", extra: str = "", **zones: str) -> str:
    prices = "".join(f"<{zone}>{price}</{zone}>" for zone, price in zones.items())
    return (
        f"<{name}><Data>{day:%Y%m%d}</Data><Mercato>MGP</Mercato><{key}>{period}</{key}>{extra}"
        f"<PUN>95,123456</PUN><NAT>1,000000</NAT>{prices}<AUST>7,000000</AUST></{name}>\n"
    )


def hours(day: date, count: int | None = None) -> Iterator[str]:
    for hour in range(1, (count or hours_in_day(day)) + 1):
        yield record(day, hour, NORD=f"{hour},500000", SARD=f"-{hour},25")


def file(*records: str, head: str = '<?xml version="1.0" standalone="yes"?>\n') -> bytes:
    return f"{head}<NewDataSet>\n{SCHEMA}\n{''.join(records)}</NewDataSet>".encode()


def bring_in(content: bytes) -> PriceImportResult:
    return import_prices(content=content, file_name="20231130MGPPrezzi.xml", imported_by=None, as_of=AS_OF)


def refuse(content: bytes) -> list[str]:
    with pytest.raises(PricesRefused) as refusal:
        bring_in(content)
    assert (ZonalPrice.objects.count(), PriceImport.objects.count()) == (0, 0)
    return [str(fault) for fault in refusal.value.faults]


def stored(zone: str) -> list[tuple[datetime, int, str]]:
    rows = ZonalPrice.objects.filter(zone=zone).order_by("starts_at")
    return [(row.starts_at, row.minutes, f"{row.price_eur_per_mwh.normalize():f}") for row in rows]


@pytest.mark.parametrize(
    ("day", "count", "first"),
    [
        (date(2023, 11, 30), 24, datetime(2023, 11, 29, 23, tzinfo=UTC)),
        (date(2023, 3, 26), 23, datetime(2023, 3, 25, 23, tzinfo=UTC)),
        (date(2023, 10, 29), 25, datetime(2023, 10, 28, 22, tzinfo=UTC)),
        (date(2023, 7, 1), 24, datetime(2023, 6, 30, 22, tzinfo=UTC)),
    ],
    ids=["winter", "march", "october", "summer"],
)
def test_the_hours_of_a_local_day_become_instants_without_gap_or_overlap(day: date, count: int, first: datetime) -> None:
    result = bring_in(file(*hours(day)))
    assert (result.format, result.read, result.new) == ("gme", 2 * count, 2 * count)
    assert stored("NORD") == [(first + timedelta(hours=hour), 60, f"{hour + 1}.5") for hour in range(count)]
    assert stored("SARD")[-1] == (first + timedelta(hours=count - 1), 60, f"-{count}.25")
    assert set(ZonalPrice.objects.values_list("zone", flat=True)) == {"NORD", "SARD"}
    assert bring_in(file(*hours(day))).unchanged == 2 * count


def test_several_days_in_one_file_and_in_any_order() -> None:
    days = [*hours(date(2023, 10, 29)), *hours(date(2023, 10, 30))]
    assert bring_in(file(*reversed(days))).new == 2 * 49


@pytest.mark.parametrize(("day", "count"), [(date(2025, 10, 1), 96), (date(2025, 10, 26), 100), (date(2026, 3, 29), 92)], ids=str)
@pytest.mark.parametrize("granularity", ["", "<Granularity>PT15</Granularity>"])
def test_the_file_of_quarters(day: date, count: int, granularity: str) -> None:
    rows = [record(day, n, "Prezzi15", "Periodo", granularity, NORD=f"{n},0") for n in range(1, count + 1)]
    assert bring_in(file(*rows)).new == count
    first = day_starts_at(day)
    assert stored("NORD") == [(first + timedelta(minutes=15 * n), 15, f"{n + 1}") for n in range(count)]


def test_quarters_before_the_market_had_them_are_refused() -> None:
    day = date(2025, 9, 30)
    (fault,) = refuse(file(*(record(day, n, "Prezzi15", "Periodo", NORD="1") for n in range(1, 97))))
    assert "2025-09-30 has prices per quarter, which exist only from 2025-10-01 on" in fault


def test_hours_by_period_are_hours() -> None:
    day = date(2025, 10, 2)
    rows = [record(day, n, "Prezzi", "Periodo", "<Granularity>PT60</Granularity>", NORD="1") for n in range(1, 25)]
    bring_in(file(*rows))
    assert {minutes for _, minutes, _ in stored("NORD")} == {60}


DAY = date(2023, 11, 30)


@pytest.mark.parametrize(
    ("day", "count", "reason"),
    [
        (DAY, 23, "2023-11-30 has 24 hours or 96 quarters, but the file has 23 periods (without 24)."),
        (DAY, 25, "25 periods (and also 25)."),
        (date(2023, 3, 26), 24, "2023-03-26 has 23 hours or 92 quarters, but the file has 24 periods (and also 24)."),
        (date(2023, 10, 29), 24, "2023-10-29 has 25 hours or 100 quarters, but the file has 24 periods (without 25)."),
    ],
)
def test_a_day_with_the_wrong_number_of_hours_is_refused(day: date, count: int, reason: str) -> None:
    (fault,) = refuse(file(*hours(day, count)))
    assert reason in fault


def test_an_hour_too_many_does_not_make_up_for_one_that_is_missing() -> None:
    records = [record(DAY, hour, NORD="1") for hour in range(1, 26) if hour != 12]
    (fault,) = refuse(file(*records))
    assert "24 periods (without 12, and also 25)" in fault


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (record(DAY, 3, NORD="x", SARD="1"), "NORD, period 3 of 2023-11-30: 'x' is not a price"),
        (record(DAY, 3, NORD="", SARD="1"), "NORD, period 3 of 2023-11-30: '' is not a price"),
        (record(DAY, 3, SARD="1"), "NORD, period 3 of 2023-11-30: '' is not a price"),
        (record(DAY, 3, NORD="1,1234567", SARD="1"), "more than 6 decimals"),
        (record(DAY, 2, NORD="1", SARD="1"), "period 2 of 2023-11-30 already stands at line"),
        (record(DAY, 3, NORD="1", SARD="1").replace("MGP", "MI1"), "the market is 'MI1'"),
        (record(DAY, 3, NORD="1", SARD="1").replace("20231130", "2023-11-30"), "is not a day"),
        (record(DAY, 3, NORD="1", SARD="1").replace("<Ora>3", "<Ora>3,0"), "is not the number of an hour"),
        (record(DAY, 3, NORD="1", SARD="1").replace("<Ora>3", "<Ora>0"), "is not the number of an hour"),
        (record(DAY, 3, extra="<NORD>1</NORD>", NORD="1", SARD="1"), "NORD stands twice"),
        (record(DAY, 3, extra="<Granularity>PT15</Granularity>", NORD="1", SARD="1"), "says Granularity PT15"),
    ],
)
def test_one_bad_record_refuses_the_whole_file(broken: str, reason: str) -> None:
    records = list(hours(DAY))
    records[2] = broken
    assert any(reason in fault and fault.startswith("line ") for fault in refuse(file(*records)))


def test_a_file_without_any_zone_of_ours_is_refused() -> None:
    (fault,) = refuse(file(*(record(DAY, hour) for hour in range(1, 25))))
    assert "no price of any of NORD" in fault


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<NewDataSet><Prezzi>", "this is not XML"),
        (b"<NewDataSet></NewDataSet>", "no price of any of"),
        (b"<html><body>Accetto</body></html>", "begins with <html>"),
        (b"<NewDataSet><Quantita></Quantita></NewDataSet>", "<Quantita> is none of"),
        (b"\xff\xfe<\x00", "this is not XML"),
    ],
)
def test_what_is_no_price_file_is_refused(content: bytes, reason: str) -> None:
    (fault,) = refuse(content)
    assert reason in fault


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE NewDataSet [<!ENTITY a "1,0">]>',
        '<!DOCTYPE NewDataSet [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE NewDataSet SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>',
        "<!DOCTYPE NewDataSet>",
    ],
    ids=["entity", "file", "external", "laughs", "empty"],
)
def test_xml_with_a_document_type_is_refused_before_anything_of_it_is_looked_at(head: str) -> None:
    records = [text.replace("95,123456", "&a;") for text in hours(DAY)]
    (fault,) = refuse(file(*records, head=head))
    assert "declares a document type" in fault
