"""The main job through its doors: files in, a settled month out, and what happens when something is missing."""

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management import execute_from_command_line as call_command_line
from django.utils import timezone

from apps.communities.models import Configuration
from apps.engine.calendar import month_hours
from apps.metering.models import DayCurve
from apps.settlement import operations
from apps.settlement.models import LedgerEntry, RuleParameter, SettlementRun, ZonalPrice
from fixtures.demo.reference_files import read_zonal_prices
from tasks.settlement import open_provisional_runs, settle_month, verify
from tests.apps.settlement.rows import make_user
from tests.tasks.month_files import COMPANY, CONSUMER, PRODUCER, load

pytestmark = pytest.mark.django_db
# The first hour of 30 November in its month. It is winter, so the local hour h stands at this + h.
DAY = 29 * 24
INJECTED = (2, 12, 25, 38, 47, 50, 46, 36, 22, 9, 1)
WITHDRAWN = (20, 24, 26, 28, 30, 30, 28, 26, 26, 28, 30)


def _worked_day(directory: Path, **options: Any) -> None:
    """Settlement-rules 9, "One day, 100 kW PV North": hours 7..17 of 30 November 2023 with the real prices of the zone."""
    published = {
        datetime.fromisoformat(row["starts_at"]): row["price_eur_per_mwh"]
        for row in csv.DictReader(io.StringIO(read_zonal_prices().decode()), delimiter=";")
        if row["zone"] == "NORD"
    }
    load(
        directory,
        year=2023,
        month=11,
        energies={
            PRODUCER: {DAY + 7 + i: (str(kwh), "0") for i, kwh in enumerate(INJECTED)},
            CONSUMER: {DAY + 7 + i: ("0", str(kwh)) for i, kwh in enumerate(WITHDRAWN)},
        },
        prices={i: published[at] for i, at in enumerate(month_hours(2023, 11))},
        **options,
    )


def _settle(capsys: pytest.CaptureFixture[str], *arguments: str, month: str = "2023-11") -> dict[str, Any]:
    capsys.readouterr()
    call_command("settle", "CER-T-A", month, "--json", *arguments)
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_the_worked_day_comes_out_to_the_cent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Premium 19.19382 → 19.19; 213 of 288 kWh shared is 18.9583 points beyond 55 %: excess 3.64, so 15.55 is split:
    10 % 1.56, producers half of 13.99 → 7.00, consumers 6.99. Valorisation 213 × 8.48 = 1.80624 → 1.81, all to consumers.
    Excess: half to the fund 1.82, the household 1.82 (the company shared nothing and is an enterprise).
    """
    _worked_day(tmp_path)
    answer = _settle(capsys)
    assert answer["energy"] == {
        "injected_kwh": "288.000",
        "withdrawn_kwh": "296.000",
        "shared_kwh": "213.000",
        "incentivised_kwh": "213.000",
    }
    assert answer["plants"] == [{"code": "P01", "injected_kwh": "288.000", "incentivised_kwh": "213.000", "premium_eur": "19.19"}]
    assert answer["contributions"] == {"premium_eur": "15.55", "valorisation_eur": "1.81", "excess_eur": "3.64"}
    assert answer["accounts"] == [
        {"account": "management", "amount_eur": "1.56"},
        {"account": "social_fund", "amount_eur": "1.82"},
    ]
    totals = {
        row["member"]: (row["premium_eur"], row["valorisation_eur"], row["excess_eur"], row["total_eur"])
        for row in answer["members"]
    }
    assert totals == {
        "M1": ("7.00", "0.00", "0.00", "7.00"),
        "M2": ("6.99", "1.81", "1.82", "10.62"),
        "M3": ("0.00", "0.00", "0.00", "0.00"),
    }
    assert (answer["hours"], answer["missing_hours"], answer["state"], answer["version"]) == (720, 0, "computed", 1)
    keys = "run configuration month kind version state hours missing_hours energy plants contributions accounts members"
    assert list(answer) == [*keys.split(), "inputs_sha256", "result_sha256"]


def test_the_same_files_settle_to_the_same_hash_and_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _worked_day(tmp_path)
    first, second = _settle(capsys), _settle(capsys)
    assert (first["version"], second["version"]) == (1, 2)
    assert first["result_sha256"] == second["result_sha256"]
    assert first["inputs_sha256"] == second["inputs_sha256"]
    assert verify(run_id=first["run"])["ok"] is True


def test_an_altered_snapshot_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _worked_day(tmp_path)
    run = SettlementRun.objects.get(pk=_settle(capsys)["run"])
    largest = max((Path(settings.DATA_DIR) / run.snapshot_path).glob("*.parquet"), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(bytes(content))
    with pytest.raises(SystemExit) as refusal:
        call_command("verify_run", str(run.pk))
    assert refusal.value.code == 1
    assert largest.name in capsys.readouterr().err


@pytest.mark.parametrize("month", ["2023-13", "2023-3", "novembre", "2023-11-01"])
def test_what_is_no_month_is_wrong_usage_told_in_a_sentence(month: str, capsys: pytest.CaptureFixture[str], db: None) -> None:
    with pytest.raises(SystemExit) as wrong:
        call_command_line(["manage.py", "settle", "CER-T-A", month])
    assert wrong.value.code == 2
    assert f"'{month}' is not a month" in capsys.readouterr().err
    assert not SettlementRun.objects.exists()


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as refusal:
        call_command("settle", *arguments)
    assert refusal.value.code == 1
    assert not SettlementRun.objects.exists()
    assert not LedgerEntry.objects.exists()
    return capsys.readouterr().err


def test_a_run_without_a_price_is_refused_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _worked_day(tmp_path)
    ZonalPrice.objects.filter(starts_at=month_hours(2023, 11)[DAY + 10]).delete()
    assert "no zonal price for NORD at 2023-11-30 10:00" in _refused(capsys, "CER-T-A", "2023-11")


def test_a_year_without_trase_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _worked_day(tmp_path)
    RuleParameter.objects.filter(key="trase_eur_per_mwh").delete()
    message = _refused(capsys, "CER-T-A", "2023-11")
    assert "TRASE" in message
    assert "2023" in message


def test_injection_without_a_plant_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load(tmp_path, year=2023, month=11, energies={COMPANY: {DAY: ("1.5", "0")}})
    message = _refused(capsys, "CER-T-A", "2023-11")
    assert COMPANY in message
    assert "1.500 kWh" in message


def test_an_unknown_configuration_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "CER-X" in _refused(capsys, "CER-X", "2023-11")


def test_missing_hours_are_counted_in_a_provisional_run_and_stop_a_final_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Negative control inside: the same month settles as provisional, and as final once a person accepts the POD by name."""
    _worked_day(tmp_path, skip={CONSUMER: {DAY + 7, DAY + 8}})
    provisional = _settle(capsys)
    # 2 + 12 kWh were shared in the two hours that are now unknown.
    assert (provisional["missing_hours"], provisional["energy"]["shared_kwh"]) == (2, "199.000")
    with pytest.raises(SystemExit):
        call_command("settle", "CER-T-A", "2023-11", "--kind", "final")
    assert f"{CONSUMER} (2 h)" in capsys.readouterr().err
    anna = make_user("anna")
    run = operations.open_run(
        configuration=Configuration.objects.get(),
        month=date(2023, 11, 1),
        kind="final",
        opened_by=anna,
        as_of=datetime.fromisoformat("2023-12-05T10:00:00+00:00"),
    )
    settle_month(run.pk)
    run.refresh_from_db()
    assert run.state == "parked"
    operations.accept_missing(run_id=run.pk, pods=[CONSUMER], accepted_by=anna)
    operations.retry_run(run_id=run.pk, opened_by=anna, as_of=datetime.fromisoformat("2023-12-05T11:00:00+00:00"))
    settle_month(run.pk)
    run.refresh_from_db()
    assert (run.state, run.missing_hours, run.shared_wh, run.accepted_by) == ("computed", 2, 199_000, anna)


def test_a_task_that_arrives_twice_settles_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _worked_day(tmp_path)
    answer = _settle(capsys)
    before = SettlementRun.objects.get(pk=answer["run"]).succeeded_at
    settle_month(answer["run"])
    settle_month(987654)
    assert SettlementRun.objects.get(pk=answer["run"]).succeeded_at == before


def test_changed_measures_make_another_version_with_another_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _worked_day(tmp_path)
    first = _settle(capsys)
    assert DayCurve.objects.exists()
    extra = tmp_path / "late.csv"
    at = month_hours(2023, 11)[DAY + 9]
    extra.write_text(f"pod;starts_at;injected_kwh;withdrawn_kwh\n{CONSUMER};{at:%Y-%m-%dT%H:%M:%S}+00:00;0;20.000\n")
    call_command("import_measures", str(extra))
    second = _settle(capsys)
    assert second["result_sha256"] != first["result_sha256"]
    assert second["energy"]["shared_kwh"] == "208.000"  # 25 kWh injected met 26, now 20
    assert verify(run_id=first["run"])["ok"] is True  # the first version still proves itself from its own snapshot


def test_the_timetable_opens_what_is_missing_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    _worked_day(tmp_path)
    sent: list[int] = []
    monkeypatch.setattr(settle_month, "delay", sent.append)
    open_provisional_runs("2023-11")
    open_provisional_runs("2023-11")
    run = SettlementRun.objects.get()
    assert (run.month, run.kind, run.opened_by, sent) == (date(2023, 11, 1), "provisional", None, [run.pk])


def test_an_advance_and_its_correction_do_not_stand_for_the_measures_of_a_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _worked_day(tmp_path)
    common = {"configuration": Configuration.objects.get(), "month": date(2023, 11, 1), "version": 1, "opened_at": timezone.now()}
    advance = SettlementRun.objects.create(kind="advance", state="parked", **common)
    SettlementRun.objects.create(kind="correction", state="parked", corrects=advance, **common)
    sent: list[int] = []
    monkeypatch.setattr(settle_month, "delay", sent.append)
    open_provisional_runs("2023-11")
    assert sent == [SettlementRun.objects.get(kind="provisional").pk]


def test_two_beats_side_by_side_open_one_run_although_it_is_settled_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first beat has looked which runs are missing; before it comes to the second configuration, another beat opened and a
    worker settled that one."""
    _worked_day(tmp_path)
    other = Configuration.objects.get()
    other.pk, other.code = None, "CER-T-B"
    other.save()
    sent: list[int] = []

    def deliver(run_id: int) -> None:
        sent.append(run_id)
        if len(sent) == 1:
            open_provisional_runs("2023-11")
        SettlementRun.objects.filter(pk=run_id).update(state="parked")  # no longer open: there is nothing to settle there

    monkeypatch.setattr(settle_month, "delay", deliver)
    open_provisional_runs("2023-11")
    assert sorted(SettlementRun.objects.values_list("configuration__code", "version")) == [("CER-T-A", 1), ("CER-T-B", 1)]
    assert len(sent) == 2
