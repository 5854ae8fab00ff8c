"""By columns or line by line: the same rows, the same rejects, whatever stands in the file."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.engine.inputs import Quality
from apps.metering.measures_file import parsing
from apps.metering.measures_file.blocks import Block
from apps.metering.measures_file.columns import parse_columns
from apps.metering.measures_file.dialect import Dialect
from apps.metering.measures_file.parsing import parse_block, parse_lines
from apps.metering.measures_file.pods import RegisteredPods
from tests.apps.metering.rows import PODS

REGISTERED = RegisteredPods(PODS)
COLUMNS = ("pod", "starts_at", "injected_kwh", "withdrawn_kwh")
ODD_PODS = ["", "IT001E99999999", "it001e00000002", " IT001E00000001", "IT001E00000001X", "kaputt", "IT001E0000000é", "IT;001"]
ODD_INSTANTS = [
    "",
    "2023-03-01",
    "2023-03-01T00:00:00",
    "2023-03-01T00:07:00Z",
    "2023-02-30T00:00:00Z",
    "2023-03-01T24:00:00Z",
    "1999-12-31T22:45:00Z",
    "1999-12-31T23:00:00Z",
    "2099-12-31T22:45:00Z",
    "2099-12-31T23:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:45:00Z",
    "2023-03-01T00:00+01:00",
    "2023-03-01 00:15:00+01",
    "2023-03-26T02:30:00+02:00",
    "2023-10-29T02:30:00+0100",
    "2023-03-01T00:00:00-00:00",
    "2023-03-01T00:00:00+00:15",
    "2023-03-01T00:00:00z",
    "2023-03-01T00:00:00.0Z",
    " 2023-03-01T00:00:00Z",
    "20230301T000000Z",
    "1677625200",
]
ODD_NUMBERS = [
    "",
    " ",
    "-0.001",
    "-0",
    "-0.0",
    "+1",
    "1.",
    ".5",
    ".",
    "-",
    "1e3",
    "1E-2",
    "1e400",
    "1e-400",
    "1e10",
    "1e30",
    "NaN",
    "nan",
    "inf",
    "-inf",
    "null",
    "NULL",
    "0x10",
    "1_0",
    "1 000",
    "1.234,5",
    "0,125",
    "0.1234",
    "0.1235",
    "0.00049999999999",
    "0.000499999999999999999999",
    "0.5000000000000000000000000000000000000001",
    "2147483.647",
    "2147483.6474",
    "2147483.6475",
    "2147483.648",
    "99999999.999",
    "999999999999999999999999999999999999999",
    "0000000000000000000000000000000000000000000000000000000000000000000000001",
    "0.1250",
    "٣",
    "--1",
    "1.2.3",
    " 0.5",
    "0.5 ",
    "\t1",
]
ODD_QUALITIES = ["", "missing", "MEASURED", " official ", "estimated", "guessed", "é"]
ODD_LINES = [
    "",
    " ",
    ";",
    ";;;",
    ";;;;",
    "IT001E00000001",
    '"',
    '"IT001E00000001;2023-03-01T00:00:00Z;1;2',
    '"IT001E00000001";"2023-03-01T00:00:00Z";"1";"2"',
    '"IT001E00000001";"2023-03-01T00:00:00Z";"1";""',
    'IT001E00000001;2023-03-01T00:00:00Z;"1"2;3',
    'IT001E00000001;2023-03-01T00:00:00Z;"1""";3',
    'IT001E00000001;2023-03-01T00:00:00Z;"1;2";3',
    'IT001E"00000001;2023-03-01T00:00:00Z;1;2',
    "IT001E00000001;2023-03-01T00:00:00Z;1;2;3",
    "IT001E00000001;2023-03-01T00:00:00Z;1;2\r",
    "IT001E00000001;2023-03-01T00:00:00Z;1\r;2",
    "\rIT001E00000001;2023-03-01T00:00:00Z;1;2",
    "IT001E00000001,2023-03-01T00:00:00Z,1,2",
]


def plain_lines(quality: bool, delimiter: str):
    fields = [
        st.sampled_from(PODS),
        st.integers(0, 95).map(lambda n: f"2023-03-01T{n // 4:02}:{n % 4 * 15:02}:00+01:00"),
        st.integers(0, 20000).map(lambda wh: f"{wh // 1000}.{wh % 1000:03}"),
        st.integers(0, 2**31 - 1).map(lambda wh: f"{wh // 1000}.{wh % 1000:03}"),
    ]
    if quality:
        fields.append(st.sampled_from(["", "measured", "missing", "estimated", "official"]))
    return st.tuples(*fields).map(delimiter.join)


def odd_lines(quality: bool, delimiter: str):
    plain_instant = "2023-03-01T00:00:00Z"
    fields = [
        st.one_of(st.sampled_from(PODS), st.sampled_from(ODD_PODS)),
        st.one_of(st.just(plain_instant), st.sampled_from(ODD_INSTANTS), st.datetimes().map(lambda at: at.isoformat() + "Z")),
        st.one_of(st.just("1"), st.sampled_from(ODD_NUMBERS), st.from_regex(r"[+-]?\d{0,3}[.,]?\d{0,14}", fullmatch=True)),
        st.one_of(st.just("1"), st.sampled_from(ODD_NUMBERS)),
    ]
    if quality:
        fields.append(st.sampled_from(ODD_QUALITIES))
    made = st.tuples(*fields).map(delimiter.join)
    quoted = st.tuples(*fields).map(lambda parts: delimiter.join(f'"{part}"' for part in parts))
    return st.one_of(made, quoted, st.sampled_from(ODD_LINES))


@st.composite
def blocks(draw):
    quality = draw(st.booleans())
    delimiter = draw(st.sampled_from(";,"))
    columns = draw(st.permutations([*COLUMNS, "quality"] if quality else COLUMNS))
    plain, odd = plain_lines(quality, delimiter), odd_lines(quality, delimiter)
    lines = draw(st.lists(plain, max_size=40)) + draw(st.lists(odd, max_size=4))
    lines = draw(st.permutations(lines))
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    text = end.join(lines) + draw(st.sampled_from(["", end]))
    # Columns come in the order of the drawn fields, so a permuted header makes nearly every row odd: also a case.
    order = columns if draw(st.integers(0, 9)) == 0 else ([*COLUMNS, "quality"] if quality else COLUMNS)
    return text.encode(), Dialect(delimiter, tuple(order), Quality.OFFICIAL)


def as_block(content: bytes) -> Block:
    return Block(2, content.count(b"\n") + (not content.endswith(b"\n")), content)


def facts(parsed):
    rows = parsed.rows
    table = [rows.line, rows.pod, rows.day, rows.slot, rows.energy[0], rows.energy[1], rows.quality]
    rejects = sorted([*parsed.rejects, *(found for part in parsed.many for found in part.spell_out(None))])
    return [column.tolist() for column in table], rejects, parsed.read


@settings(max_examples=300, deadline=None)
@given(blocks())
@example((b'"IT001E00000001";2023-03-01T00:00:00Z;1;"2\n2"\n' * 2, Dialect(";", COLUMNS, Quality.OFFICIAL)))
def test_columns_and_lines_give_the_same(drawn):
    content, dialect = drawn
    if not content:
        return
    block = as_block(content)
    with patch.object(parsing, "_FEW_LINES", 1):  # so that even two lines are tried by columns first
        by_columns = parse_block(block, dialect, REGISTERED)
    assert facts(by_columns) == facts(parse_lines(block, range(block.lines), dialect, REGISTERED))


@pytest.mark.parametrize("number", ODD_NUMBERS)
def test_an_odd_number_is_the_same_in_the_midst_of_plain_rows(number):
    plain = b"IT001E00000001;2023-03-01T00:15:00Z;0.001;0.002\n"
    content = plain * 50 + f"IT001E00000002;2023-03-01T00:15:00Z;{number};1\n".encode() + plain * 50
    block = as_block(content)
    dialect = Dialect(";", COLUMNS, Quality.OFFICIAL)
    assert facts(parse_block(block, dialect, REGISTERED)) == facts(parse_lines(block, range(101), dialect, REGISTERED))


def test_plain_rows_are_read_by_columns_alone():
    content = b"IT001E00000001;2023-03-01T00:15:00Z;0.001;\n" * 1000
    columns = parse_columns(content, 1000, 2, Dialect(";", COLUMNS, Quality.OFFICIAL), REGISTERED)
    assert (len(columns.rows), columns.doubtful.size, columns.strangers.positions.size) == (1000, 0, 0)
    np.testing.assert_array_equal(columns.rows.energy[:, 0], [-1, 1])
