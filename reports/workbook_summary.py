"""The first sheet: what the month came to and where it went. Every figure that another sheet has is a formula over it."""

from datetime import date

from apps.engine.inputs import Contribution
from reports import formats, words
from reports.documents import WorkbookDocument
from reports.statement_view import DRAFT
from reports.workbook_cells import FIRST_ROW, Sheet
from reports.workbook_values import Cell, Formula, safe_text


def write_summary(sheet: Sheet, document: WorkbookDocument) -> None:
    """One page: whose, what, when; energy; contributions and where they went; accounts."""
    worksheet, styles = sheet.worksheet, sheet.styles
    for number, width in enumerate((36, 18, 18, 18, 18)):
        worksheet.set_column(number, number, width)
    worksheet.set_row(0, 22)
    sheet.write_text(0, 0, document.issuer.name, styles.title)
    sheet.write_text(1, 0, f"Riepilogo di {formats.month(document.year, document.month)}", styles.heading)
    if not document.approved:
        sheet.write_text(2, 0, DRAFT, styles.draft)
    row = 4
    for name, value, kind in _facts(document):
        sheet.write(row, 0, name)
        sheet.write(row, 1, value, kind)
        row += 1
    row = _write_energy(sheet, document, row + 1)
    row = _write_contributions(sheet, document, row + 1)
    _write_accounts(sheet, document, row + 1)
    worksheet.freeze_panes(2, 0)


def _facts(document: WorkbookDocument) -> list[tuple[str, Cell, str]]:
    configuration = document.configuration
    return [
        ("Codice fiscale", document.issuer.tax_code, "text"),
        ("Configurazione", configuration.code, "text"),
        ("Tipo di configurazione", words.CONFIGURATION_KINDS[configuration.kind], "text"),
        ("Cabina primaria", configuration.primary_substation, "text"),
        ("Mese", date(document.year, document.month, 1), "month"),
        ("Calcolo numero", str(document.run), "text"),
        ("Versione", str(document.version), "text"),
        ("Tipo di calcolo", words.RUN_KINDS[document.run_kind], "text"),
        *((("Importi in differenza rispetto a", document.corrects, "text"),) if document.corrects else ()),
        ("Stato", document.state, "text"),
        ("Calcolato", document.computed, "text"),
        ("Approvato", document.approved or "no", "text"),
        ("Ore del mese", str(len(document.hours_utc)), "text"),
        ("Ore di misura mancanti", str(sum(one.hours for one in document.missing)), "text"),
        ("Regole", document.rules_version, "text"),
        ("Programma", document.code_version, "text"),
        ("Impronta dei dati", document.inputs_sha256, "text"),
        ("Impronta del risultato", document.result_sha256, "text"),
    ]


def _write_headings(sheet: Sheet, row: int, headings: tuple[str, ...]) -> None:
    for number, heading in enumerate(headings):
        sheet.write_text(row, number, heading, sheet.styles.heading_right if number else sheet.styles.heading)


def _write_energy(sheet: Sheet, document: WorkbookDocument, row: int) -> int:
    _write_headings(sheet, row, ("Energia", "kWh"))
    for name, source, wh in (
        ("Immessa", "'Energia oraria'!C2", int(document.injected_wh.sum())),
        ("Prelevata", "'Energia oraria'!D2", int(document.withdrawn_wh.sum())),
        ("Condivisa", "'Energia oraria'!E2", int(document.shared_wh.sum())),
        ("Incentivata", "Impianti!L2", sum(plant.incentivised_wh for plant in document.plants)),
    ):
        row += 1
        sheet.write(row, 0, name)
        sheet.write(row, 1, Formula(f"={source}", wh, "kwh"))
    return row + 1


def _write_contributions(sheet: Sheet, document: WorkbookDocument, row: int) -> int:
    """Amount, to members, to accounts, and the difference, which must be nothing."""
    _write_headings(sheet, row, ("Voci", "Importo (€)", "Ai soci (€)", "Ai conti (€)", "Differenza (€)"))
    first = row + 2
    columns: list[tuple[int, int, int, int]] = []
    for contribution, amount in amounts_of(document).items():
        row += 1
        name = words.CONTRIBUTIONS[contribution]
        members = sum(line.cents for line in document.lines if line.contribution is contribution and line.member)
        accounts = sum(line.cents for line in document.lines if line.contribution is contribution and not line.member)
        columns.append((amount, members, accounts, amount - members - accounts))
        sheet.write(row, 0, name)
        sheet.write(row, 1, amount, "euro")
        sheet.write(row, 2, Formula(_sum_of_lines(document, row, "C"), members, "euro"))
        sheet.write(row, 3, Formula(_sum_of_lines(document, row, "D"), accounts, "euro"))
        sheet.write(row, 4, Formula(f"=ROUND(B{row + 1}-C{row + 1}-D{row + 1},2)", columns[-1][3], "euro"))
    last = row + 1
    row += 1
    sheet.write(row, 0, "Totale", bold=True)
    for number, (letter, column) in enumerate(zip("BCDE", zip(*columns, strict=True), strict=True), start=1):
        sheet.write(row, number, Formula(f"=SUM({letter}{first}:{letter}{last})", sum(column), "euro"), bold=True)
    row += 1
    whole = " (tutto il mese)" if document.corrects else ""
    sheet.write(row, 0, f"Tariffa premio, eccedentario compreso{whole}")
    sheet.write(row, 1, document.premium_gross_cents, "euro")
    return row + 1


def amounts_of(document: WorkbookDocument) -> dict[Contribution, int]:
    """What the configuration got, per contribution, in cents."""
    return {
        Contribution.PREMIUM: document.premium_cents,
        Contribution.VALORISATION: document.valorisation_cents,
        Contribution.EXCESS: document.excess_cents,
    }


def _sum_of_lines(document: WorkbookDocument, row: int, filled: str) -> str:
    """Σ of the postings of the contribution named in this row whose column `filled` (C member, D account) is not empty."""
    names, marks, cents = (lines_range(document, letter) for letter in ("A", filled, "H"))
    return f'=SUMIFS({cents},{names},A{row + 1},{marks},"<>")'


def lines_range(document: WorkbookDocument, letter: str) -> str:
    """One column of the postings."""
    return f"Movimenti!${letter}${FIRST_ROW + 1}:${letter}${FIRST_ROW + max(1, len(document.lines))}"


def _write_accounts(sheet: Sheet, document: WorkbookDocument, row: int) -> None:
    _write_headings(sheet, row, ("Conti", "Importo (€)"))
    sums: dict[str, int] = {}
    for line in document.lines:
        if not line.member:
            name = safe_text(words.account(line.account))
            sums[name] = sums.get(name, 0) + line.cents
    for name, cents in sorted(sums.items()):
        row += 1
        accounts, amounts = lines_range(document, "D"), lines_range(document, "H")
        sheet.write(row, 0, name)
        sheet.write(row, 1, Formula(f"=SUMPRODUCT(EXACT({accounts},A{row + 1})*{amounts})", cents, "euro"))
