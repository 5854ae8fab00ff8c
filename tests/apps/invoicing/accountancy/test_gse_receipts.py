"""What the bank received from GSE stands in the books once, per contribution, balanced, whatever is known of it."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Any

import pytest

from apps.communities.models import Configuration
from apps.invoicing.accountancy.benefits import freeze_benefits
from apps.invoicing.accountancy.journal import freeze_journal, iterate_journal
from apps.invoicing.accountancy.journal_nouns import Posting
from apps.invoicing.accountancy.scope import Scope
from apps.invoicing.errors import NothingToExport
from apps.settlement.gse.operations import assign_receipt
from apps.settlement.models import BankReceipt
from tests.apps.invoicing.accountancy.conftest import FEBRUARY, ask, cents, files, made, sheets
from tests.apps.settlement.corrected import NOW, approve, settle
from tests.apps.settlement.gse.files import PUBLICATIONS, RECEIPTS, bring_in, line, publications, receipts
from tests.doors.backoffice.village import Village, open_run

pytestmark = pytest.mark.django_db
TRUE_UP = {"month": "02/2023", "kind": "Conguaglio", "on": "10/05/2023", "document": "C1"}
ENERGY = "Corrispettivo di valorizzazione"


@pytest.fixture
def settled(village: Village) -> Village:
    """February is approved: 26.88 € of premium and 1.90 € of valorisation. GSE pays twice as much, less its fee of 3.00 €."""
    approve(settle(open_run(village, month=FEBRUARY, kind="final")), village)
    publish(
        village,
        line(**TRUE_UP, amount="53,76"),
        line(**TRUE_UP, item=ENERGY, amount="3,80"),
        line(**TRUE_UP, item="Spese", amount="3,00"),
    )
    return village


def publish(village: Village, *rows: str) -> None:
    mapping = replace(PUBLICATIONS, words={"configuration": {"CER000123": village.configuration.code}})
    _plan, brought = bring_in(village.configuration, village.anna, publications(*rows), mapping)
    assert brought is not None
    assert brought.refusals == []


def receive(village: Village, *rows: str) -> None:
    _plan, brought = bring_in(village.configuration, village.anna, receipts(*rows), RECEIPTS)
    assert brought is not None


def came(day: str, amount: str, reference: str = "0001") -> str:
    return f"{day},{day},{amount},{reference},GSE\n"


def journal(village: Village, **narrowed: Any) -> dict[str, list[tuple[date, str, int]]]:
    """Document -> its postings; each balances."""
    scope = Scope(village.configuration.community, **({"first_day": date(2023, 1, 1), "last_day": date(2023, 12, 31)} | narrowed))
    found: dict[str, list[tuple[date, str, int]]] = {}
    for document, group in groupby(iterate_journal(freeze_journal(scope)), key=lambda posting: posting.document):
        postings: list[Posting] = list(group)
        assert sum(posting.cents for posting in postings) == 0, document
        assert document not in found
        found[document] = [(posting.day, posting.account_key, posting.cents) for posting in postings]
    return found


def accounts(found: dict[str, list[tuple[date, str, int]]]) -> dict[str, int]:
    sums: defaultdict[str, int] = defaultdict(int)
    for postings in found.values():
        for _day, key, amount in postings:
            sums[key] += amount
    return {key: value for key, value in sums.items() if value}


def gse_documents(found: dict[str, list[tuple[date, str, int]]]) -> list[list[tuple[date, str, int]]]:
    return [postings for document, postings in found.items() if document.startswith("GSE/")]


def test_a_transfer_pays_each_contribution_and_settles_the_fee(settled: Village) -> None:
    receive(settled, came("2023-06-30", "54.56"))
    found = journal(settled)
    paid, published = date(2023, 6, 30), date(2023, 5, 10)
    assert gse_documents(found) == [
        [(published, "gse_costs", 300), (published, "gse:fee", -300)],
        [(paid, "bank", 5456), (paid, "gse:premium", -5376), (paid, "gse:valorisation", -380), (paid, "gse:fee", 300)],
    ]
    sums = accounts(found)
    assert (sums["bank"], sums["gse_costs"]) == (5456, 300)
    assert (sums["gse:premium"], sums["gse:valorisation"]) == (2688 - 5376, 190 - 380), "once from the run, once from the bank"
    assert "gse:fee" not in sums
    assert gse_documents(journal(settled, configuration=settled.configuration)) == gse_documents(found)
    assert gse_documents(journal(settled, last_day=date(2023, 6, 29))) == gse_documents(found)[:1]


def test_what_nobody_expected_waits_on_its_own_account_until_somebody_knows(settled: Village) -> None:
    receive(settled, came("2023-09-15", "12.00"))
    ((bank, waiting),) = gse_documents(journal(settled))[1:]
    assert (bank[1:], waiting[1:]) == (("bank", 1200), ("gse:unmatched", -1200))
    publish(settled, line(month="03/2023", kind="Acconto", on="10/08/2023", amount="12,00", document="A3"))
    publish(settled, line(month="04/2023", kind="Acconto", on="11/08/2023", amount="80,00", document="A4"))
    sums = accounts(journal(settled))
    assert "gse:unmatched" not in sums, "92.00 € are due by 29 September: 12.00 € pay a part of them"
    assert (sums["bank"], sums["gse:premium"]) == (1200, 2688 - 1200)


def test_a_receipt_of_no_configuration_is_the_community_s_and_keeps_its_name_when_assigned(settled: Village) -> None:
    other = Configuration.objects.create(
        community=settled.configuration.community,
        code="CER-V-B",
        kind="cer",
        primary_substation="AC001E00002",
        starts_on=FEBRUARY,
    )
    receive(settled, came("2023-06-30", "54.56"))
    waiting = journal(settled)
    (document,) = [name for name, postings in waiting.items() if postings[0][1] == "bank"]
    assert [row[1:] for row in waiting[document]] == [("bank", 5456), ("gse:unmatched", -5456)]
    assert document not in journal(settled, configuration=settled.configuration)
    assign_receipt(
        receipt_id=BankReceipt.objects.get().pk, configuration=settled.configuration, assigned_by=settled.anna, as_of=NOW
    )
    assigned = journal(settled)
    assert "gse:unmatched" not in accounts(assigned)
    assert [row[1:] for row in assigned[document]][:2] == [("bank", 5456), ("gse:premium", -5376)]
    assert document not in journal(settled, configuration=other)


def test_the_books_hold_the_receipts_that_were_known_when_they_were_asked_for(settled: Village) -> None:
    receive(settled, came("2023-06-30", "54.56"))
    export = ask(settled, "csv")
    receive(settled, came("2023-07-03", "9.99", "0002"))
    tables = files(made(export))
    rows = tables["prima_nota"]
    assert [cents(row["Dare (€)"]) for row in rows if row["Codice conto"] == "1010"] == [5456]
    assert sum(cents(row["Dare (€)"]) - cents(row["Avere (€)"]) for row in rows) == 0
    assert {row["Esito"] for row in tables["controlli"]} == {"torna"}
    receivables = {row["Codice conto"]: cents(row["Avere (€)"]) for row in rows if row["Documento"].startswith("GSE/")}
    assert (receivables["1510.1"], receivables["1510.2"]) == (5376, 380)


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_period_with_receipts_alone_has_books_too(settled: Village, file_format: str) -> None:
    """GSE's true-up comes in the year after the months that it pays."""
    receive(settled, came("2024-06-28", "54.56"))
    made_of = made(ask(settled, file_format, period=(date(2024, 6, 1), date(2024, 6, 30))))
    rows = files(made_of)["prima_nota"] if file_format == "csv" else sheets(made_of)["Prima nota"]
    dare = "Dare (€)" if "Dare (€)" in rows[0] else "Dare"
    assert [cents(row[dare]) for row in rows if row["Codice conto"] == "1010"] == [5456]
    with pytest.raises(NothingToExport):
        ask(settled, file_format, period=(date(2024, 7, 1), date(2024, 7, 31)))


def test_the_yearly_report_says_what_came_beside_what_was_split(settled: Village) -> None:
    frozen = freeze_benefits(settled.configuration, 2023)
    (before,) = frozen["gse_months"]
    assert (before["premium_published_cents"], before["premium_received_cents"]) == (5376, None)
    receive(settled, came("2023-06-30", "54.56"), came("2023-11-20", "7.00", "0002"))
    frozen = freeze_benefits(settled.configuration, 2023)
    assert frozen["gse_months"] == [
        {
            "month": 2,
            "premium_published_cents": 5376, "premium_received_cents": 5376,
            "valorisation_published_cents": 380, "valorisation_received_cents": 380,
            "excess_published_cents": None, "excess_received_cents": None,
        }
    ]  # fmt: skip
    assert (frozen["gse_fee_cents"], frozen["unmatched_cents"]) == (-300, 700)
    tables = sheets(made(ask(settled, "xlsx", kind="benefits", configuration=settled.configuration)))
    (row,) = tables["GSE e banca"]
    assert cents(row["Tariffa premio, ripartito (€)"]) == 2688
    assert cents(row["Tariffa premio, incassato (€)"]) == 5376
    assert row["Importo eccedentario, incassato (€)"] is None
    text = " ".join(str(row["Testo"]) for row in tables["Riparto e note"])
    assert "non ancora attribuiti: 7,00" in text.replace("\u00a0", " ")
