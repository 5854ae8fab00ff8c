"""The books of a period: every sheet and file sums to the ledger, and each month counts once."""

from collections import defaultdict
from datetime import date, datetime
from typing import Any

import pytest
from django.db.models import Sum

from apps.communities.models import Community
from apps.invoicing.accountancy import operations
from apps.invoicing.accountancy.models import AccountingExport
from apps.invoicing.accountancy.scope import Scope, list_counted_runs
from apps.invoicing.errors import ExportTooLong, NothingToExport, RunNotApproved
from apps.settlement.models import LedgerEntry, SettlementRun, ZonalPrice
from apps.settlement.operations import open_run as open_at_last
from tasks.accountancy import make_export, resume_exports
from tests.apps.invoicing.accountancy.conftest import APRIL, FEBRUARY, MARCH, ask, cents, files, made, sheets
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.doors.backoffice.village import Village, open_run

pytestmark = pytest.mark.django_db
PREMIUM, VALORISATION = "Tariffa premio", "Corrispettivo di valorizzazione"


@pytest.fixture
def spring(village: Village) -> list[SettlementRun]:
    """The runs that count: February with the difference of its final run, March with a correction, April."""
    february = approve(settle(open_run(village, month=FEBRUARY)), village)
    ZonalPrice.objects.filter(starts_at__month=2).update(price_eur_per_mwh=160)
    final = approve(settle(open_final(village, FEBRUARY)), village)
    march = approve(settle(open_run(village, month=MARCH)), village)
    april = approve(settle(open_run(village, month=APRIL)), village)
    ZonalPrice.objects.filter(starts_at__month=3).update(price_eur_per_mwh=170)
    correction = approve(correct(march, village), village)
    settle(open_final(village, MARCH))  # computed, not approved
    return [february, final, march, correction, april]


def open_final(village: Village, month: date) -> SettlementRun:
    return open_at_last(configuration=village.configuration, month=month, kind="final", opened_by=village.anna, as_of=NOW)


def ledger(runs: list[SettlementRun]) -> dict[tuple[str, str], int]:
    """(contribution, member code or account) -> cents."""
    rows = LedgerEntry.objects.filter(run__in=runs).order_by().values_list("contribution", "member__code", "account")
    names = {"premium": PREMIUM, "valorisation": VALORISATION, "excess": "Importo eccedentario"}
    return {(names[kind], member or account): int(sum_) for kind, member, account, sum_ in rows.annotate(Sum("cents")) if sum_}


def of_movements(rows: list[dict[str, Any]], accounts: dict[str, str]) -> dict[tuple[str, str], int]:
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        payee = row["Socio"] or accounts[row["Conto"]]
        found[row["Contributo"], payee] += cents(row["Importo (€)"])
    return {key: value for key, value in found.items() if value}


ACCOUNTS = {"gestione": "management", "fondo sociale": "social_fund", "importi non ripartiti": "undistributed"}


def the_books_are_the_ledger(tables: dict[str, list[dict[str, Any]]], runs: list[SettlementRun], names: tuple[str, ...]) -> None:
    summary, months, years, accounts, movements, journal, checks = (tables[name] for name in names)
    wanted = ledger(runs)
    total = sum(wanted.values())
    assert total > 0
    assert of_movements(movements, ACCOUNTS) == wanted
    assert len(movements) == LedgerEntry.objects.filter(run__in=runs).count()
    assert sum(cents(row["Importo (€)"]) for row in summary) == total
    assert {cents(row["Differenza (€)"]) for row in summary} == {0}
    to_members = sum(value for (_kind, payee), value in wanted.items() if payee.startswith("M"))
    assert sum(cents(row["Totale (€)"]) for row in months) == to_members
    assert sum(cents(row["Totale (€)"]) for row in years) == to_members
    assert sum(cents(row["Importo (€)"]) for row in accounts) == total - to_members
    sides: defaultdict[str, int] = defaultdict(int)
    codes: defaultdict[str, int] = defaultdict(int)
    for row in journal:
        assert (row["Dare"] in (None, "")) != (row["Avere"] in (None, ""))
        sides[row["Documento"]] += cents(row["Dare"]) - cents(row["Avere"])
        codes[row["Codice conto"]] += cents(row["Dare"]) - cents(row["Avere"])
    assert set(sides.values()) == {0}
    assert len(sides) == len(runs)
    assert codes["1510.1"] + codes["1510.2"] == total
    assert codes["4010.1"] == -sum(value for (kind, payee), value in wanted.items() if kind == PREMIUM and payee[0] == "M")
    assert codes["7010.1"] == -wanted[PREMIUM, "management"]
    assert {row["Esito"] for row in checks} == {"torna"}


SHEETS = ("Riepilogo", "Soci per mese", "Soci per anno", "Conti", "Movimenti", "Prima nota", "Controlli")
FILES = ("riepilogo", "soci_per_mese", "soci_per_anno", "conti", "movimenti", "prima_nota", "controlli")


def without_unit(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name.removesuffix(" (€)") if name in ("Dare (€)", "Avere (€)") else name: row[name] for name in row} for row in rows]


def test_the_workbook_of_a_year_is_the_ledger_to_the_cent(village: Village, spring: list[SettlementRun]) -> None:
    tables = {name: without_unit(rows) for name, rows in sheets(made(ask(village))).items()}
    assert tuple(tables) == SHEETS
    the_books_are_the_ledger(tables, spring, SHEETS)
    first = tables["Riepilogo"][0]
    assert (first["Mese"], first["Calcolo"], first["Contributo"]) == (datetime(2023, 2, 1), "provvisorio v1", PREMIUM)  # noqa: DTZ001
    assert isinstance(first["Importo (€)"], int | float)
    assert [row["Calcolo"] for row in tables["Riepilogo"][3:12:3]] == ["definitivo v1", "provvisorio v1", "rettifica v1"]
    assert [row["Prelevata (kWh)"] for row in tables["Soci per anno"]] == [
        0,
        1708,
        2562,
    ]  # 89 days of 19.2 and 28.8 kWh, less the hour that March loses


def test_the_csv_of_a_year_says_the_same_in_italian(village: Village, spring: list[SettlementRun]) -> None:
    tables = files(made(ask(village, "csv")))
    assert tuple(tables) == FILES
    the_books_are_the_ledger({name: without_unit(rows) for name, rows in tables.items()}, spring, FILES)
    assert tables["soci_per_mese"][1]["Mese"] == "02/2023"
    assert tables["soci_per_mese"][1]["Condivisa (kWh)"] == "89,600"
    assert tables["prima_nota"][0]["Data"] == "28/02/2023"
    correction = [row for row in tables["prima_nota"] if "/correction/" in row["Documento"]]
    assert correction[0]["Codice conto"] == "1510.1"
    assert (correction[0]["Dare (€)"], cents(correction[0]["Avere (€)"]) > 0) == ("", True)
    assert correction[0]["Descrizione"].startswith("Rettifica n. ")


def test_a_month_and_a_run_have_books_of_their_own(village: Village, spring: list[SettlementRun]) -> None:
    march = ask(village, period=(MARCH, date(2023, 3, 31)), configuration=village.configuration)
    tables = {name: without_unit(rows) for name, rows in sheets(made(march)).items()}
    the_books_are_the_ledger(tables, spring[2:4], SHEETS)
    april = ask(village, period=(APRIL, date(2023, 4, 30)), run=spring[4])
    tables = {name: without_unit(rows) for name, rows in sheets(made(april)).items()}
    the_books_are_the_ledger(tables, spring[4:], SHEETS)


@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_the_same_facts_make_the_same_bytes(village: Village, spring: list[SettlementRun], file_format: str) -> None:
    first, second = ask(village, file_format), None
    content = made(first)
    second = ask(village, file_format)
    assert second.pk != first.pk
    assert made(second) == content
    assert second.sha256 == first.sha256
    assert first.size_bytes == len(content)


def test_a_doubled_press_asks_once_and_a_doubled_task_makes_once(village: Village, spring: list[SettlementRun]) -> None:
    first, again = ask(village), ask(village)
    assert first.pk == again.pk
    made(first)
    at = AccountingExport.objects.get(pk=first.pk).made_at
    make_export.apply(args=(first.pk,), throw=True)
    assert AccountingExport.objects.get(pk=first.pk).made_at == at
    assert AccountingExport.objects.count() == 1


def test_two_presses_at_the_same_instant_are_one_file(
    village: Village, spring: list[SettlementRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other press is written after this one looked: the database says so, and its file is returned."""
    stock, others = operations._freeze, []

    def freeze(scope: Scope, *kind: Any) -> dict[str, Any]:
        monkeypatch.setattr(operations, "_freeze", stock)
        others.append(ask(village))
        return stock(scope, *kind)

    monkeypatch.setattr(operations, "_freeze", freeze)
    assert ask(village).pk == others[0].pk
    assert AccountingExport.objects.count() == 1


def test_what_was_asked_for_is_what_is_made(village: Village, spring: list[SettlementRun]) -> None:
    """A month that is approved between the press and the worker is for the next file."""
    export = ask(village)
    approve(SettlementRun.objects.get(month=MARCH, kind="final"), village)
    tables = {name: without_unit(rows) for name, rows in sheets(made(export)).items()}
    the_books_are_the_ledger(tables, spring, SHEETS)


def test_without_an_approved_month_there_is_nothing_to_export(village: Village) -> None:
    run = settle(open_run(village, month=FEBRUARY))
    with pytest.raises(NothingToExport, match="01/01/2023"):
        ask(village)
    with pytest.raises(RunNotApproved):
        ask(village, run=run)
    assert not AccountingExport.objects.exists()


def test_a_sheet_that_would_be_too_long_is_refused_and_csv_is_not(
    village: Village, spring: list[SettlementRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "MOST_SHEET_ROWS", 3)
    with pytest.raises(ExportTooLong, match="CSV"):
        ask(village)
    assert not AccountingExport.objects.exists()
    assert made(ask(village, "csv"))


def test_a_file_that_cannot_be_made_says_why_and_one_left_behind_is_made_later(
    village: Village, spring: list[SettlementRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("celery.app.task.Task.delay", lambda _task, export_id: sent.append(export_id))
    waiting = ask(village)
    resume_exports.apply(throw=True)
    assert sent == [waiting.pk]
    monkeypatch.setattr("tasks.accountancy.accountancy_xlsx.render", lambda *_any: 1 / 0)
    make_export.apply(args=(waiting.pk,), throw=True)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error, waiting.sha256) == ("failed", "ZeroDivisionError: division by zero", "")


def test_another_community_has_other_books(village: Village, spring: list[SettlementRun]) -> None:
    elsewhere = Scope(Community.objects.get(name="CER Altrove"), date(2023, 1, 1), date(2023, 12, 31))
    assert list_counted_runs(elsewhere) == []
