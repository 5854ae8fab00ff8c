"""The yearly report to GSE: it sums to the ledger, names what is missing, and tells where the excess went."""

import io
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import openpyxl
import pytest
from django.db.models import Sum
from pdfminer.high_level import extract_text

from apps.communities.models import Configuration
from apps.invoicing.accountancy.models import AccountingExport
from apps.invoicing.errors import NothingToExport
from apps.metering.models import Channel
from apps.settlement.models import LedgerEntry, SettlementRun, ZonalPrice
from reports import benefits_tables, benefits_words
from tasks.accountancy import benefits_from
from tests.apps.invoicing.accountancy.conftest import APRIL, FEBRUARY, MARCH, ask, cents, made, sheets
from tests.apps.settlement.corrected import approve, correct, settle
from tests.doors.backoffice.village import QUARTERS, Village, _store, open_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(village: Village) -> list[SettlementRun]:
    """February final, March with a correction; April is computed, not approved. 70 % is shared: there is an excess."""
    for month in (FEBRUARY, MARCH, APRIL):
        _store(village.pods[2], Channel.WITHDRAWN, np.full(QUARTERS, 500, np.int32), month)
    february = approve(settle(open_run(village, month=FEBRUARY, kind="final")), village)
    march = approve(settle(open_run(village, month=MARCH)), village)
    ZonalPrice.objects.filter(starts_at__month=3).update(price_eur_per_mwh=170)
    correction = approve(correct(march, village), village)
    settle(open_run(village, month=APRIL))
    return [february, march, correction]


def ask_report(village: Village, file_format: str) -> AccountingExport:
    return ask(village, file_format, kind="benefits", configuration=village.configuration)


def text_of(content: bytes) -> str:
    return " ".join(extract_text(io.BytesIO(content)).split())


def test_the_report_is_the_ledger_to_the_cent(village: Village, runs: list[SettlementRun]) -> None:
    document = benefits_from(ask_report(village, "pdf"))
    rows = LedgerEntry.objects.filter(run__in=runs).order_by().values_list("contribution")
    ledger = {name: int(total) for name, total in rows.annotate(Sum("cents"))}
    wanted = (ledger["premium"], ledger["valorisation"], ledger["excess"], sum(ledger.values()))
    assert benefits_tables.total_of(document.months) == wanted
    assert min(wanted) > 0
    people, accounts = benefits_tables.total_of(document.categories), benefits_tables.total_of(document.accounts)
    assert tuple(map(sum, zip(people, accounts, strict=True))) == wanted
    assert [(row.kind, row.is_enterprise, row.members) for row in document.categories] == [
        ("household", False, 2),
        ("sme", True, 1),
    ]
    assert document.categories[1].excess_cents == 0
    fund = next(row for row in document.accounts if row.account == "social_fund")
    assert fund.excess_cents + document.categories[0].excess_cents == ledger["excess"]
    assert [(row.month, row.kind, row.runs) for row in document.months] == [
        (2, "final", (runs[0].pk,)),
        (3, "provisional", (runs[1].pk, runs[2].pk)),
    ]


def test_a_year_that_lacks_months_is_a_draft_that_names_them(village: Village, runs: list[SettlementRun]) -> None:
    document = benefits_from(ask_report(village, "pdf"))
    assert document.missing_months == (4, 5, 6, 7, 8, 9, 10, 11, 12)  # active since February
    text = text_of(made(ask_report(village, "pdf")))
    assert "BOZZA: l'anno non è completo. Mancano i calcoli approvati di: aprile, maggio" in text
    assert "Mesi calcolati in via provvisoria, ancora soggetti a conguaglio: marzo." in text


def test_a_month_that_is_only_an_advance_is_not_passed_over(village: Village, runs: list[SettlementRun]) -> None:
    document = benefits_from(ask_report(village, "pdf"))
    february, march = document.months
    said = benefits_words.provisional_of(replace(document, months=(february, replace(march, kind="advance"))))
    assert said == "Mesi con il solo acconto del GSE, stimato prima delle misure: marzo."


def test_a_complete_year_is_no_draft(village: Village, runs: list[SettlementRun]) -> None:
    Configuration.objects.filter(pk=village.configuration.pk).update(ends_on=date(2023, 4, 1))
    village.configuration.refresh_from_db()
    text = text_of(made(ask_report(village, "pdf")))
    assert "BOZZA" not in text
    for said in (
        "Finalità sociali con ricadute sui territori degli impianti",
        "10 % al conto gestione; del resto 50 % ai produttori per energia immessa, 50 % ai consumatori per energia condivisa.",
        "50 % al fondo sociale, 50 % ai consumatori diversi dalle imprese per energia condivisa.",
        "Regole operative GSE, parte II, par. 2.2.2.1.3 (p. 39)",
        f"Calcoli numero {', '.join(str(run.pk) for run in runs)}, ultima approvazione il 01/02/2024.",
    ):
        assert said in text.replace("\u00a0", " "), said


def test_the_workbook_says_what_the_pdf_says(village: Village, runs: list[SettlementRun]) -> None:
    document = benefits_from(ask_report(village, "pdf"))
    content = made(ask_report(village, "xlsx"))
    tables = sheets(content)
    assert list(tables) == ["Mesi", "Soci per categoria", "Conti e finalità", "Eccedentario", "GSE e banca", "Riparto e note"]
    total = benefits_tables.total_of(document.months)[3]
    assert sum(cents(row["Totale (€)"]) for row in tables["Mesi"]) == total
    assert cents(openpyxl.load_workbook(io.BytesIO(content), data_only=True)["Mesi"].cell(2, 10).value) == total
    assert sum(cents(row["Totale (€)"]) for name in ("Soci per categoria", "Conti e finalità") for row in tables[name]) == total
    (share,) = tables["Eccedentario"]
    assert (share["Soglia"], share["Impianti incentivati"]) == (0.55, "senza contributo in conto capitale")
    assert share["Quota"] == pytest.approx(share["Incentivata (kWh)"] / share["Immessa (kWh)"], abs=1e-8)
    assert tables["Riparto e note"][0]["Testo"].startswith("BOZZA")


@pytest.mark.parametrize("file_format", ["pdf", "xlsx"])
def test_the_same_year_makes_the_same_bytes(village: Village, runs: list[SettlementRun], file_format: str) -> None:
    assert made(ask_report(village, file_format)) == made(ask_report(village, file_format))


def test_a_year_without_approved_months_and_no_configuration_are_refused(village: Village, runs: Any) -> None:
    with pytest.raises(NothingToExport, match="2022"):
        ask(village, "pdf", kind="benefits", configuration=village.configuration, period=(date(2022, 1, 1), date(2022, 12, 31)))
    with pytest.raises(NothingToExport, match="ogni configurazione"):
        ask(village, "pdf", kind="benefits")
    assert not AccountingExport.objects.exists()
