"""What one line means: every reason to reject it, and exactly what is taken."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.energy import wh_from_kwh
from apps.engine.inputs import Quality
from apps.metering.measures_file.dialect import Dialect
from apps.metering.measures_file.lines import LineRejected, parse_instant, parse_line, parse_wh
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.rejects import SENTENCES, Reason
from apps.metering.measures_file.rows import SILENT
from tests.apps.metering.rows import PODS, A

COLUMNS = ("pod", "starts_at", "injected_kwh", "withdrawn_kwh")
PLAIN = Dialect(";", COLUMNS, Quality.OFFICIAL)
WITH_QUALITY = Dialect(";", (*COLUMNS, "quality"), Quality.OFFICIAL)
REGISTERED = RegisteredPods(PODS)
T = "2023-03-01T00:00:00+01:00"
MIDNIGHT = 1677625200

REJECTED = {
    "too few fields": (f"{A};{T};1", Reason.FIELDS, "3"),
    "too many fields": (f"{A};{T};1;2;", Reason.FIELDS, "5"),
    "a comma too much": (f"{A};{T};1", Reason.FIELDS, "3"),
    "a carriage return inside": (f"{A};{T}\r;1;2", Reason.FIELDS, "0"),
    "no POD": (f";{T};1;2", Reason.POD_FORM, ""),
    "a POD of another form": (f"IT001X00000001;{T};1;2", Reason.POD_FORM, "IT001X00000001"),
    "a POD too short": (f"IT001E0000001;{T};1;2", Reason.POD_FORM, "IT001E0000001"),
    "a POD that is not ours": (f"IT001E99999999;{T};1;2", Reason.POD_UNKNOWN, "IT001E99999999"),
    "no instant": (f"{A};;1;2", Reason.TIME_FORM, ""),
    "an Italian date": (f"{A};01/03/2023 00:00;1;2", Reason.TIME_FORM, "01/03/2023 00:00"),
    "a day only": (f"{A};2023-03-01+01:00;1;2", Reason.TIME_FORM, "2023-03-01+01:00"),
    "an offset of a day": (f"{A};2023-03-01T00:00:00+25:00;1;2", Reason.TIME_FORM, "2023-03-01T00:00:00+25:00"),
    "an offset of 75 minutes": (f"{A};2023-03-01T00:00:00+01:75;1;2", Reason.TIME_FORM, "2023-03-01T00:00:00+01:75"),
    "no offset": (f"{A};2023-03-01T00:00:00;1;2", Reason.TIME_WITHOUT_OFFSET, "2023-03-01T00:00:00"),
    "a day without offset": (f"{A};2023-03-01;1;2", Reason.TIME_WITHOUT_OFFSET, "2023-03-01"),
    "30 February": (f"{A};2023-02-30T00:00:00Z;1;2", Reason.TIME_NOT_EXISTING, "2023-02-30T00:00:00Z"),
    "29 February of no leap year": (f"{A};2023-02-29T00:00:00Z;1;2", Reason.TIME_NOT_EXISTING, "2023-02-29T00:00:00Z"),
    "hour 24": (f"{A};2023-03-01T24:00:00Z;1;2", Reason.TIME_NOT_EXISTING, "2023-03-01T24:00:00Z"),
    "second 60": (f"{A};2023-03-01T00:00:60Z;1;2", Reason.TIME_NOT_EXISTING, "2023-03-01T00:00:60Z"),
    "the year 0": (f"{A};0000-03-01T00:00:00Z;1;2", Reason.TIME_NOT_EXISTING, "0000-03-01T00:00:00Z"),
    "1970": (f"{A};1970-01-01T00:00:00Z;1;2", Reason.TIME_OUT_OF_RANGE, "1970-01-01T00:00:00Z"),
    "2100 in Rome": (f"{A};2099-12-31T23:00:00Z;1;2", Reason.TIME_OUT_OF_RANGE, "2099-12-31T23:00:00Z"),
    "minute 10": (f"{A};2023-03-01T00:10:00Z;1;2", Reason.TIME_BETWEEN_QUARTERS, "2023-03-01T00:10:00Z"),
    "second 1": (f"{A};2023-03-01T00:00:01Z;1;2", Reason.TIME_BETWEEN_QUARTERS, "2023-03-01T00:00:01Z"),
    "a thousandth of a second": (
        f"{A};2023-03-01T00:00:00.001Z;1;2",
        Reason.TIME_BETWEEN_QUARTERS,
        "2023-03-01T00:00:00.001Z",
    ),
    "an offset of ten minutes": (f"{A};2023-03-01T00:00+00:10;1;2", Reason.TIME_BETWEEN_QUARTERS, "2023-03-01T00:00+00:10"),
    "a word": (f"{A};{T};kaputt;2", Reason.NUMBER_FORM, "kaputt"),
    "NaN": (f"{A};{T};NaN;2", Reason.NUMBER_FORM, "NaN"),
    "infinity": (f"{A};{T};1;inf", Reason.NUMBER_FORM, "inf"),
    "a thousands separator": (f"{A};{T};1.234,5;2", Reason.NUMBER_FORM, "1.234,5"),
    "an underscore": (f"{A};{T};1_0;2", Reason.NUMBER_FORM, "1_0"),
    "digits of another script": (f"{A};{T};٣;2", Reason.NUMBER_FORM, "٣"),
    "a point alone": (f"{A};{T};.;2", Reason.NUMBER_FORM, "."),
    "a sign alone": (f"{A};{T};-;2", Reason.NUMBER_FORM, "-"),
    "below zero": (f"{A};{T};1;-0.001", Reason.NUMBER_NEGATIVE, "-0.001"),
    "a hair below zero": (f"{A};{T};-0.0000001;2", Reason.NUMBER_NEGATIVE, "-0.0000001"),
    "1e400": (f"{A};{T};1e400;2", Reason.NUMBER_TOO_LARGE, "1e400"),
    "one Wh more than an int32": (f"{A};{T};2147483.648;2", Reason.NUMBER_TOO_LARGE, "2147483.648"),
    "rounded to more than an int32": (f"{A};{T};2147483.6475;2", Reason.NUMBER_TOO_LARGE, "2147483.6475"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_a_line_is_rejected_with_its_reason(case):
    line, reason, value = REJECTED[case]
    with pytest.raises(LineRejected) as caught:
        parse_line(line, PLAIN, REGISTERED)
    assert (caught.value.reason, caught.value.value) == (reason, value)


def test_a_quality_that_is_none_is_rejected():
    with pytest.raises(LineRejected) as caught:
        parse_line(f"{A};{T};1;2;guessed", WITH_QUALITY, REGISTERED)
    assert (caught.value.reason, caught.value.value) == (Reason.QUALITY_UNKNOWN, "guessed")


def test_every_reason_has_a_sentence_and_a_test():
    tested = {reason for _line, reason, _value in REJECTED.values()} | {
        Reason.QUALITY_UNKNOWN,
        Reason.CONFLICT,  # tests of the import
        Reason.MIXED,
        Reason.POD_OUTSIDE,  # tests of the backoffice, where imports are confined
    }
    assert tested == set(Reason) == set(SENTENCES)
    assert all(sentence.count("%(value)s") == 1 and sentence.endswith(".") for sentence in SENTENCES.values())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{A};{T};0.001;0.125", (0, MIDNIGHT, 1, 125, Quality.OFFICIAL)),
        (f"{A};{T};0,001;0,125", (0, MIDNIGHT, 1, 125, Quality.OFFICIAL)),
        (f"{A.lower()};{T};1;2", (0, MIDNIGHT, 1000, 2000, Quality.OFFICIAL)),
        (f" {A} ;{T};1;2", (0, MIDNIGHT, 1000, 2000, Quality.OFFICIAL)),
        (f"{A}X;{T};1;2", (0, MIDNIGHT, 1000, 2000, Quality.OFFICIAL)),
        (f'"{A}";"{T}";"0,001";""', (0, MIDNIGHT, 1, SILENT, Quality.OFFICIAL)),
        (f"{A};{T};;2\r", (0, MIDNIGHT, SILENT, 2000, Quality.OFFICIAL)),
        (f"{A};{T};;", (0, MIDNIGHT, SILENT, SILENT, Quality.OFFICIAL)),
        (f"{A};{T};0;-0.0", (0, MIDNIGHT, 0, 0, Quality.OFFICIAL)),
    ],
)
def test_a_line_is_taken(line, expected):
    assert parse_line(line, PLAIN, REGISTERED) == expected


@pytest.mark.parametrize("line", ["", "   ", "\r"])
def test_a_blank_line_is_nothing(line):
    assert parse_line(line, PLAIN, REGISTERED) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("1;2;estimated", (1000, 2000, Quality.ESTIMATED)),
        ("1;2;Measured", (1000, 2000, Quality.MEASURED)),
        ("1;2;", (1000, 2000, Quality.OFFICIAL)),
        ("1;;missing", (0, SILENT, Quality.MISSING)),
        (";2;missing", (SILENT, 0, Quality.MISSING)),
        (";;missing", (0, 0, Quality.MISSING)),
    ],
)
def test_quality_says_where_a_row_comes_from_and_missing_takes_back(fields, expected):
    parsed = parse_line(f"{A};{T};{fields}", WITH_QUALITY, REGISTERED)
    assert parsed is not None
    assert parsed[2:] == expected


@pytest.mark.parametrize(
    "text",
    [
        "2023-03-01T00:00:00+01:00",
        "2023-03-01 00:00:00+01:00",
        "2023-03-01T00:00+01:00",
        "2023-03-01T00+01",
        "2023-03-01T00:00:00+0100",
        "2023-02-28T23:00:00Z",
        "2023-02-28T23:00:00.000Z",
        "2023-02-28T18:00:00-05:00",
        " 2023-03-01T00:00:00+01:00 ",
    ],
)
def test_an_instant_may_be_written_in_many_ways(text):
    assert parse_instant(text) == MIDNIGHT


@pytest.mark.parametrize(
    ("text", "wh"),
    [
        ("0.1234", 123),
        ("0.1235", 124),
        ("0.12349999999999999999999", 123),
        ("0.0005", 1),
        ("0.00049999", 0),
        ("1e-4", 0),
        ("5e-4", 1),
        ("1e-400", 0),
        ("1E3", 1_000_000),
        ("+.5", 500),
        ("5.", 5000),
        ("2147483.647", 2**31 - 1),
        ("2147483.6474999", 2**31 - 1),
        ("0" * 100 + "1", 1000),
    ],
)
def test_kwh_become_whole_wh_rounded_half_up_once(text, wh):
    assert parse_wh(text) == wh


@given(st.decimals(min_value=0, max_value=2_000_000, allow_nan=False, allow_infinity=False, places=7))
def test_kwh_are_rounded_as_the_engine_rounds(kwh: Decimal):
    assert parse_wh(f"{kwh:f}") == wh_from_kwh(kwh)
