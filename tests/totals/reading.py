"""What each of the five places says about the money of a run, read back from the thing itself.

All of them give cents by (member code, contribution), without the zeros; the bank's file knows only what each member gets in all.
"""

import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from openpyxl import load_workbook

from apps.settlement.models import LedgerEntry
from tests.reports.reading import cents, text
from tests.totals.making import Issued

Amounts = dict[tuple[str, str], int]
TOTAL = "total"
NAMES = {
    "Tariffa premio": "premium",
    "Corrispettivo di valorizzazione": "valorisation",
    "Importo eccedentario": "excess",
    "Totale": TOTAL,
}
_ROW = re.compile(rf"^({'|'.join(NAMES)}) (\S+ €) (\S+ €)$", re.MULTILINE)
_PAIN = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"}
_CODE, _FIRST_CENTS, _TOTAL_CENTS = 0, 8, 11  # columns of the sheet Soci
_LINE_NAME, _LINE_MEMBER, _LINE_CENTS = 0, 2, 7  # columns of the sheet Movimenti


def from_ledger(issued: Issued) -> Amounts:
    found: Counter[tuple[str, str]] = Counter()
    rows = LedgerEntry.objects.filter(run=issued.run, member__isnull=False)
    for code, contribution, amount in rows.values_list("member__code", "contribution", "cents"):
        found[code, contribution] += amount
        found[code, TOTAL] += amount
    return _clean(found)


def from_statements(issued: Issued) -> Amounts:
    found: Counter[tuple[str, str]] = Counter()
    for code, content in issued.frozen.items():
        for share in content["shares"]:
            found[code, share["contribution"]] += share["amount_cents"]
            found[code, TOTAL] += share["amount_cents"]
    return _clean(found)


def from_pdf(issued: Issued) -> Amounts:
    """The table "Le voci del mese" of each statement; its total is read, not added up."""
    found: Counter[tuple[str, str]] = Counter()
    for code, pdf in issued.pdfs.items():
        rows = _ROW.findall(text(pdf))
        if sorted(name for name, _pool, _amount in rows) != sorted(NAMES):
            raise AssertionError(f"The statement of {code} has the rows {rows}.")
        for name, _pool, amount in rows:
            found[code, NAMES[name]] += cents(amount)
    return _clean(found)


def from_workbook(issued: Issued) -> Amounts:
    """The sheet of the members. Errors: `AssertionError` when the sheet of the postings says otherwise."""
    book = load_workbook(io.BytesIO(issued.workbook), data_only=True)
    found: Counter[tuple[str, str]] = Counter()
    for row in book["Soci"].iter_rows(values_only=True):
        if isinstance(row[_TOTAL_CENTS], int | float) and str(row[_CODE] or "") in issued.frozen:
            for place, contribution in enumerate(("premium", "valorisation", "excess", TOTAL)):
                found[str(row[_CODE]), contribution] += _to_cents(row[_FIRST_CENTS + place])
    posted: Counter[tuple[str, str]] = Counter()
    for row in book["Movimenti"].iter_rows(values_only=True):
        if row[_LINE_MEMBER] in issued.frozen:
            posted[str(row[_LINE_MEMBER]), NAMES[str(row[_LINE_NAME])]] += _to_cents(row[_LINE_CENTS])
            posted[str(row[_LINE_MEMBER]), TOTAL] += _to_cents(row[_LINE_CENTS])
    for key in found.keys() | posted.keys():
        if found[key] != posted[key]:
            found[key[0], f"{key[1]} in Movimenti"] = posted[key]
    return _clean(found)


def from_transfers(issued: Issued) -> Amounts:
    """What the bank is told to pay to each member, and the control sum as the member ""."""
    if not issued.transfers:
        return {}
    root = ET.fromstring(issued.transfers)
    found: Counter[tuple[str, str]] = Counter()
    for transfer in root.iterfind(".//p:CdtTrfTxInf", _PAIN):
        reference = transfer.findtext("p:PmtId/p:EndToEndId", "", _PAIN)
        found[reference.partition("/")[2], TOTAL] += _to_cents(transfer.findtext("p:Amt/p:InstdAmt", "", _PAIN))
    found["", TOTAL] = _to_cents(root.findtext(".//p:GrpHdr/p:CtrlSum", "", _PAIN))
    return _clean(found)


PLACES: dict[str, Callable[[Issued], Amounts]] = {
    "ledger": from_ledger,
    "statements": from_statements,
    "workbook": from_workbook,
    "transfers": from_transfers,
    "pdf": from_pdf,
}


def compare(issued: Issued) -> list[str]:
    """Every difference between the ledger and one of the other four, as a sentence."""
    said = {place: read(issued) for place, read in PLACES.items()}
    ledger = said["ledger"]
    to_pay = {key: amount for key, amount in ledger.items() if key[1] == TOTAL and amount > 0}
    if to_pay:
        to_pay["", TOTAL] = sum(to_pay.values())
    differences = []
    for place, amounts in said.items():
        wanted = to_pay if place == "transfers" else ledger
        for key in sorted(wanted.keys() | amounts.keys()):
            if wanted.get(key) != amounts.get(key):
                differences.append(
                    f"{issued.run} {key[0]} {key[1]}: ledger {wanted.get(key, 0)}, {place} {amounts.get(key, 0)} cents"
                )
    return differences


def _clean(found: Counter[tuple[str, str]]) -> Amounts:
    return {key: amount for key, amount in found.items() if amount}


def _to_cents(value: object) -> int:
    """Euros as a sheet or a file holds them. Errors: `AssertionError` when they are no whole cents."""
    exact = round(Decimal(str(value)) * 100, 6)
    if exact != int(exact):
        raise AssertionError(f"{value} € are no whole cents.")
    return int(exact)
