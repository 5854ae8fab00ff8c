"""Files of measures: what is stored, what is rejected and why, what is refused as a whole and then writes nothing."""

from datetime import date, timedelta
from typing import Any

import pytest

from apps.communities.models import MeteringPoint
from apps.engine.calendar import day_starts_at
from apps.engine.inputs import Quality
from apps.metering.errors import MeasuresFileRefused
from apps.metering.imports import import_measures
from apps.metering.measures_file.blocks import LONGEST_LINE
from apps.metering.measures_file.rejects import Reason
from apps.metering.models import DayCurve, Source
from apps.metering.queries import get_day_curve
from tests.apps.metering.rows import AS_OF, DAY, HEADER, LATER, A, B, C, hour_rows, quarter_rows, stamp, store, stored_bytes

pytestmark = pytest.mark.usefixtures("pods")
SPRING, AUTUMN = date(2023, 3, 26), date(2023, 10, 29)


def load(path, source=Source.OFFICIAL, as_of=AS_OF):
    return import_measures(path, source=source, as_of=as_of)


def counts(report):
    return report.read, report.new, report.changed, report.unchanged, report.rejected


def withdrawn(pod=A, day=DAY) -> dict[int, tuple[int, int]]:
    found = get_day_curve(pod, day)
    pairs = zip(found.withdrawn_wh.tolist(), found.withdrawn_quality.tolist(), strict=True)
    return {slot: pair for slot, pair in enumerate(pairs) if pair[1] != Quality.MISSING}


# what is stored


def test_a_day_of_quarters(write_file):
    report = load(write_file(quarter_rows(A, DAY)))
    assert counts(report) == (96, 96, 0, 0, 0)
    assert (report.pods, report.first_day, report.last_day) == (1, DAY, DAY)
    assert withdrawn() == dict.fromkeys(range(96), (125, Quality.OFFICIAL))
    assert get_day_curve(A, DAY).injected_quality.tolist() == [Quality.OFFICIAL] * 96


@pytest.mark.parametrize(("day", "quarters"), [(SPRING, 92), (AUTUMN, 100)])
def test_days_when_the_clocks_change_have_92_and_100_quarters_or_23_and_25_hours(write_file, day, quarters):
    local = [f"{A};{at.isoformat()};0;0.001" for at in _rome_quarters(day)]
    assert counts(load(write_file([*local, *hour_rows(B, day)]))) == (quarters + quarters // 4, quarters + quarters // 4, 0, 0, 0)
    assert withdrawn(A, day) == dict.fromkeys(range(quarters), (1, Quality.OFFICIAL))
    assert get_day_curve(B, day).withdrawn_wh.tolist() == [500, 0, 0, 0] * (quarters // 4)
    assert DayCurve.objects.filter(pod_key=B, minutes=60).count() == 2


def _rome_quarters(day):
    """The quarters of a day with the offset that people in Rome write."""
    from tests.apps.metering.model import ROME

    following = day_starts_at(day + timedelta(days=1))
    at = day_starts_at(day)
    while at < following:
        yield at.astimezone(ROME)
        at += timedelta(minutes=15)


def test_the_hour_that_comes_twice_is_two_hours(write_file):
    rows = [f"{A};2023-10-29T02:00:00+02:00;;1", f"{A};2023-10-29T02:00:00+01:00;;2"]
    load(write_file(rows))
    assert {slot: pair[0] for slot, pair in withdrawn(A, AUTUMN).items() if pair[0]} == {8: 1000, 12: 2000}


def test_an_instant_belongs_to_the_day_of_rome(write_file):
    load(write_file([f"{A};2023-02-28T23:15:00Z;;1", f"{A};2023-02-28T22:45:00Z;;2"]))
    assert withdrawn(A, DAY) == {1: (1000, 3)}
    assert withdrawn(A, date(2023, 2, 28)) == {95: (2000, 3)}


def test_manual_measures_are_measured_and_official_ones_official(write_file):
    path = write_file(quarter_rows(A, DAY))
    load(path, Source.MANUAL)
    assert withdrawn()[0] == (125, Quality.MEASURED)
    load(path)
    assert withdrawn()[0] == (125, Quality.OFFICIAL)
    assert DayCurve.objects.count() == 4


def test_an_empty_cell_is_missing_not_zero(write_file):
    report = load(write_file([f"{A};{stamp(DAY, 1)};;0", f"{A};{stamp(DAY, 2)};;"]))
    assert counts(report) == (2, 1, 0, 1, 0)
    assert withdrawn() == {1: (0, 3)}
    assert not get_day_curve(A, DAY).injected_quality.any()


def test_an_empty_cell_leaves_alone_what_is_stored(write_file):
    load(write_file(quarter_rows(A, DAY)))
    before = stored_bytes()
    load(write_file([f"{A};{stamp(DAY, 1)};;"]))
    assert stored_bytes() == before


def test_quality_missing_takes_back_what_is_stored(write_file):
    load(write_file(quarter_rows(A, DAY)))
    report = load(write_file([f"{A};{stamp(DAY, 1)};;0.125;missing"], header=HEADER + ";quality"))
    assert counts(report) == (1, 0, 1, 0, 0)
    assert set(range(96)) - set(withdrawn()) == {1}
    assert get_day_curve(A, DAY).injected_quality[1] == Quality.OFFICIAL


def test_rows_may_name_their_quality(write_file):
    rows = [f"{A};{stamp(DAY, n)};;1;{name}" for n, name in enumerate(("measured", "estimated", "official", "", "missing"), 1)]
    load(write_file(rows, header=HEADER + ";quality"))
    assert withdrawn() == {1: (1000, 2), 2: (1000, 1), 3: (1000, 3), 4: (1000, 3)}


def test_channels_may_come_in_rows_of_their_own(write_file):
    rows = [f"{A};{stamp(DAY, n)};;0.125" for n in range(96)] + [f"{A};{stamp(DAY, n)};1;" for n in range(96)]
    assert counts(load(write_file(rows))) == (192, 192, 0, 0, 0)
    assert counts(load(write_file(rows))) == (192, 0, 0, 192, 0)
    assert get_day_curve(A, DAY).injected_wh.tolist() == [1000] * 96


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("pod;starts_at;injected_kwh;withdrawn_kwh", "{pod};{at};1,5;0,125"),
        ("pod,starts_at,injected_kwh,withdrawn_kwh", "{pod},{at},1.5,0.125"),
        ("pod,starts_at,injected_kwh,withdrawn_kwh", '{pod},{at},"1,5","0,125"'),
        ('"pod";"starts_at";"injected_kwh";"withdrawn_kwh"', '"{pod}";"{at}";"1.5";"0.125"'),
        ("withdrawn_kwh;quality;pod;injected_kwh;starts_at", "0.125;;{pod};1.5;{at}"),
        ("\ufeffPod;Starts_At;Injected_kWh;Withdrawn_kWh", "{pod};{at};1.5;0.125"),
        ("pod;starts_at;injected_kwh;withdrawn_kwh\r", "{pod};{at};1.5;0.125\r"),
        ("pod;starts_at;injected_kwh;withdrawn_kwh", "{pod};{at};1.4995;0.1254999999"),
    ],
)
def test_files_are_written_in_many_ways(write_file, header, row):
    rows = [row.format(pod=A, at=stamp(DAY, n)) for n in range(96)]
    assert counts(load(write_file(rows, header=header))) == (96, 96, 0, 0, 0)
    assert withdrawn() == dict.fromkeys(range(96), (125, Quality.OFFICIAL))
    assert get_day_curve(A, DAY).injected_wh.tolist() == [1500] * 96


def test_blank_lines_are_nothing_and_lines_keep_their_numbers(write_file):
    report = load(write_file(["", quarter_rows(A, DAY)[1], "", "", "kaputt", " ", ""]))
    assert counts(report) == (2, 1, 0, 0, 1)
    assert [(found.line, found.reason) for found in report.rejects] == [(6, Reason.FIELDS)]


def test_a_last_line_without_end_counts(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("\n".join([HEADER, *quarter_rows(A, DAY)]))
    assert counts(load(path)) == (96, 96, 0, 0, 0)


# hours and quarters


def test_a_day_of_hours(write_file):
    report = load(write_file(hour_rows(A, DAY)))
    assert counts(report) == (24, 24, 0, 0, 0)
    assert withdrawn() == {slot: (500, 3) if slot % 4 == 0 else (0, 5) for slot in range(96)}


def test_a_few_hours_of_a_pod_that_never_speaks_of_quarters_are_hours(write_file):
    load(write_file([f"{A};{stamp(DAY, 48)};;1000"]))
    assert withdrawn() == {48: (1_000_000, 3), 49: (0, 5), 50: (0, 5), 51: (0, 5)}


def test_a_few_rows_at_whole_hours_correct_first_quarters_where_quarters_are_stored(write_file):
    load(write_file(quarter_rows(A, DAY)))
    report = load(write_file([f"{A};{stamp(DAY, 4)};;1", f"{A};{stamp(DAY, 8)};;1"]))
    assert counts(report) == (2, 0, 2, 0, 0)
    assert {slot: wh for slot, (wh, _quality) in withdrawn().items() if wh != 125} == {4: 1000, 8: 1000}


def test_a_few_rows_at_whole_hours_correct_hours_where_hours_are_stored(write_file):
    load(write_file(hour_rows(A, DAY)))
    load(write_file([f"{A};{stamp(DAY, 4)};;1"]))
    assert {slot: pair for slot, pair in withdrawn().items() if pair not in [(500, 3), (0, 5)]} == {4: (1000, 3)}


def test_what_another_source_stored_says_nothing_about_hours(write_file):
    load(write_file(quarter_rows(A, DAY)), Source.MANUAL)
    load(write_file([f"{A};{stamp(DAY, 4)};;1"]))
    assert withdrawn()[5] == (0, Quality.PART_OF_HOUR)


def test_an_hour_taken_back_takes_back_its_quarters_and_is_a_change(write_file):
    load(write_file([f"{A};{stamp(DAY, 5)};;1"]))
    rows = [row.replace("0.500", "0.500;missing") for row in hour_rows(A, DAY)]
    assert counts(load(write_file(rows, header=HEADER + ";quality"))) == (24, 0, 1, 23, 0)
    assert withdrawn() == {}


def test_a_whole_day_of_hours_replaces_quarters(write_file):
    load(write_file(quarter_rows(A, DAY)))
    load(write_file(hour_rows(A, DAY)))
    assert get_day_curve(A, DAY).withdrawn_wh.sum() == 24 * 500


def test_whole_hours_of_a_pod_that_speaks_of_quarters_elsewhere_are_incomplete_quarters(write_file):
    rows = [f"{A};{stamp(DAY, 4)};;1", *quarter_rows(A, SPRING), f"{B};{stamp(DAY, 4)};;1"]
    load(write_file(rows))
    assert withdrawn(A) == {4: (1000, 3)}
    assert len(withdrawn(B)) == 4


def test_hours_among_quarters_are_rejected_also_the_second_time(write_file):
    rows = quarter_rows(A, DAY)[:48] + [f"{A};{stamp(DAY, 4 * n)};;0.5" for n in range(12, 24)]
    path = write_file(rows)
    for _ in range(2):
        report = load(path)
        assert report.rejected == 12
        assert {found.reason for found in report.rejects} == {Reason.MIXED}
        assert [found.line for found in report.rejects] == list(range(50, 62))
        assert report.rejects[0].value == f"{A} 2023-03-01 12:00+01:00"
        assert set(withdrawn()) == set(range(48))


def test_a_gap_in_a_day_of_quarters_is_a_gap(write_file):
    rows = [row for n, row in enumerate(quarter_rows(A, DAY)) if n not in range(41, 50)]
    report = load(write_file(rows))
    assert counts(report) == (87, 87, 0, 0, 0)
    assert set(range(96)) - set(withdrawn()) == set(range(41, 50))


# rows that contradict each other, and rows that come again


def test_the_first_line_stands(write_file):
    at = stamp(DAY, 1)
    report = load(write_file([f"{A};{at};;1", f"{A};{at};;2", f"{A};{at};;1", f"{A};{at};5;3", f"{A};{at};6;", f"{A};{at};7;"]))
    assert counts(report) == (6, 2, 0, 1, 3)
    assert [(found.line, found.reason) for found in report.rejects] == [(n, Reason.CONFLICT) for n in (3, 5, 7)]
    assert report.rejects[0].value == f"{A} 2023-03-01 00:15+01:00"
    assert (withdrawn()[1][0], get_day_curve(A, DAY).injected_wh[1]) == (1000, 6000)


def test_another_offset_is_the_same_quarter(write_file):
    report = load(write_file([f"{A};2023-03-01T00:15:00+01:00;;1", f"{A};2023-02-28T23:15:00Z;;2"]))
    assert [found.line for found in report.rejects] == [3]


def test_another_spelling_is_the_same_pod(write_file):
    at = stamp(DAY, 1)
    report = load(write_file([f"{A};{at};;1", f"{A.lower()}X;{at};;2"]))
    assert [found.line for found in report.rejects] == [3]


def test_a_file_imported_again_changes_nothing(write_file):
    path = write_file([*quarter_rows(A, DAY), *hour_rows(B, DAY), *quarter_rows(A, DAY)[3:9]])
    assert counts(load(path)) == (126, 120, 0, 6, 0)
    before = stored_bytes()
    assert counts(load(path, as_of=LATER)) == (126, 0, 0, 126, 0)
    assert stored_bytes() == before
    assert not DayCurve.objects.exclude(updated_at=AS_OF).exists()


def test_new_rows_overwrite_and_others_stay(write_file):
    load(write_file(quarter_rows(A, DAY)))
    report = load(write_file([f"{A};{stamp(DAY, 1)};0;1", f"{A};{stamp(DAY, 2)};0;0.125"]))
    assert counts(report) == (2, 0, 1, 1, 0)
    assert withdrawn() == {slot: (1000 if slot == 1 else 125, 3) for slot in range(96)}


def test_many_repetitions_of_one_row_in_a_block(write_file):
    rows = [f"{A};{stamp(DAY, 1)};;1"] * 200 + [f"{A};{stamp(DAY, 1)};;{n}" for n in range(2, 52)]
    assert counts(load(write_file(rows))) == (250, 1, 0, 199, 50)


# rejected rows do not stop good ones


def test_rejected_rows_are_named_and_good_ones_stored(write_file):
    rows = [*quarter_rows(A, DAY), f"IT001E99999999;{stamp(DAY, 0)};0;1", f"{B};{stamp(DAY, 0)};0;kaputt", *quarter_rows(C, DAY)]
    report = load(write_file(rows))
    assert counts(report) == (194, 192, 0, 0, 2)
    assert [(found.line, found.sentence) for found in report.rejects] == [
        (98, "IT001E99999999 is not registered in any configuration. Register the metering point first."),
        (99, "“kaputt” is not a number. Write kWh as 0.125 or 0,125, without thousands separators."),
    ]
    assert set(DayCurve.objects.values_list("pod_key", flat=True)) == {A, C}


def test_a_pod_may_be_registered_for_any_time(write_file):
    MeteringPoint.objects.filter(pod_key=A).update(valid_from=date(2020, 1, 1), valid_to=date(2020, 2, 1))
    assert load(write_file(quarter_rows(A, DAY))).rejected == 0


def test_a_thousand_rejects_are_counted_and_the_first_hundred_kept(write_file):
    rows = [*quarter_rows(A, DAY), *[f"{A};{stamp(DAY, 0)};0;no"] * 1000]
    report = load(write_file(rows))
    assert counts(report) == (1096, 96, 0, 0, 1000)
    assert [found.line for found in report.rejects] == list(range(98, 198))


def test_a_file_of_rejects_only_is_done_and_stores_nothing(write_file):
    report = load(write_file([f"IT001E99999999;{stamp(DAY, 0)};0;1"] * 3))
    assert counts(report) == (3, 0, 0, 0, 3)
    assert (report.pods, report.first_day) == (0, None)
    assert not DayCurve.objects.exists()


def test_what_is_shown_of_a_row_is_short_and_on_one_line(write_file):
    report = load(write_file([f"{A};{stamp(DAY, 0)};0;" + "<script>\u202e" * 100]))
    assert len(report.rejects[0].value) == 40
    assert report.rejects[0].value.isprintable()


# refused files


REFUSED = {
    "empty": (b"", "The file is empty. Choose another one."),
    "blank": (b"  \n", "The file is empty. Choose another one."),
    "a header only": (HEADER.encode() + b"\n", "The file has a header and no rows. Choose another one."),
    "no header": (quarter_rows(A, DAY)[0].encode() + b"\n", "is not the header of a file of measures"),
    "a column missing": (b"pod;starts_at;injected_kwh\n", "withdrawn_kwh missing"),
    "a column too much": (HEADER.encode() + b";note\n", "“note”"),
    "a column twice": (HEADER.encode() + b";pod\n", "a column twice"),
    "UTF-16": ((HEADER + "\n").encode("utf-16"), "The file is not text in UTF-8."),
    "a spreadsheet": (b"PK\x03\x04\x14\x00\x06\x00" + bytes(100), "The file is not text in UTF-8."),
    "compressed": (b"\x1f\x8b\x08\x00" + bytes(range(256)) * 40, "The file is not text in UTF-8."),
    "Latin-1 far below": (
        "\n".join([HEADER, *quarter_rows(A, DAY), "perché", ""]).encode("latin-1"),
        "The file is not text in UTF-8.",
    ),
    "a zero byte far below": ("\n".join([HEADER, *quarter_rows(A, DAY), "\0", ""]).encode(), "The file is not text in UTF-8."),
    "one endless line": (HEADER.encode() + b"\n" + b"1" * (LONGEST_LINE + 1) + b"\n" + b"2", "Line 2 is longer than"),
    "an endless line far below": (
        "\n".join([HEADER, *quarter_rows(A, DAY), "1" * (LONGEST_LINE + 1), "", *quarter_rows(B, DAY)]).encode(),
        "Line 98 is longer than",
    ),
    "a long last line": ("\n".join([HEADER, *quarter_rows(A, DAY), "1" * (LONGEST_LINE + 1)]).encode(), "Line 98 is longer than"),
    "one endless header": (b"p" * (LONGEST_LINE + 1) + b"\n", "Line 1 is longer than"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_file_writes_nothing(tmp_path, case):
    content, sentence = REFUSED[case]
    store(B, DAY, {0: 1})
    before = stored_bytes()
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    with pytest.raises(MeasuresFileRefused) as caught:
        load(path)
    assert sentence in str(caught.value)
    assert stored_bytes() == before


def test_the_longest_line_is_a_row_like_any_other(write_file):
    assert counts(load(write_file([*quarter_rows(A, DAY), "1" * LONGEST_LINE, *quarter_rows(B, DAY)]))) == (193, 192, 0, 0, 1)


def test_a_file_refused_after_days_were_stored_writes_nothing(tmp_path, monkeypatch):
    from apps.metering.measures_file import blocks, reading

    monkeypatch.setattr(blocks, "BLOCK_BYTES", 5000)
    monkeypatch.setattr(reading, "_SETTLED_AT_A_TIME", 1)
    stored: list[int] = []

    def count_and_store(**said: Any) -> Any:
        stored.append(1)
        return _store_curves(**said)

    monkeypatch.setattr("apps.metering.measures_file.storing.store_curves", count_and_store)
    path = tmp_path / "m.csv"
    path.write_bytes("\n".join([HEADER, *quarter_rows(A, DAY), *quarter_rows(B, DAY) * 30, "perché"]).encode("latin-1"))
    with pytest.raises(MeasuresFileRefused):
        load(path)
    assert stored, "no day was stored before the refusal: the test proves nothing"
    assert not DayCurve.objects.exists()


def _store_curves(**said):
    from apps.metering.curve_operations import store_curves

    return store_curves(**said)
