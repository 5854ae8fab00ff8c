"""Files as GSE and a bank might write them, and the mappings that read them."""

import io
from datetime import UTC, date, datetime

from openpyxl import Workbook

from apps.settlement.gse import operations
from apps.settlement.gse.mapping import FileMapping

AS_OF = datetime(2024, 7, 1, 8, 0, tzinfo=UTC)
HEADER = "Mese;Contratto;Voce;Tipo;Importo;Pubblicato;Documento\n"
COLUMNS = {
    "month": "Mese",
    "configuration": "Contratto",
    "item": "Voce",
    "kind": "Tipo",
    "amount": "Importo",
    "published_on": "Pubblicato",
    "reference": "Documento",
}
PUBLICATIONS = FileMapping(target="publications", columns=COLUMNS, words={"configuration": {"CER000123": "CER-T-A"}})
BANK_HEADER = "Data contabile,Valuta,Importo EUR,CRO,Descrizione\n"
RECEIPTS = FileMapping(
    target="receipts",
    columns={"value_date": "Valuta", "amount": "Importo EUR", "reference": "CRO", "payer": "Descrizione"},
    decimal_comma=False,
    only="gse",
)


def line(month="03/2023", item="Tariffa premio", kind="Acconto", amount="495,00", on="25/04/2023", document="A1") -> str:
    return f"{month};CER000123;{item};{kind};{amount};{on};{document}\n"


def publications(*lines: str) -> bytes:
    return (HEADER + "".join(lines)).encode()


def receipts(*lines: str) -> bytes:
    return (BANK_HEADER + "".join(lines)).encode()


def workbook(*rows: list[object], name: str = "Foglio1") -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = name
    for row in rows:
        sheet.append(row)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def bring_in(configuration, user, content, mapping=PUBLICATIONS, as_of=AS_OF):
    return operations.import_file(
        community=configuration.community, content=content, file_name="gse.csv", mapping=mapping, imported_by=user, as_of=as_of
    )


def day(text: str) -> date:
    return date.fromisoformat(text)
