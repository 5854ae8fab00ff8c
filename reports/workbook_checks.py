"""The last sheet: does it all hold together? The run's own checks first, then the workbook's, calculated where it is opened."""

from collections.abc import Iterator

from reports import formats
from reports.documents import Check, WorkbookDocument
from reports.workbook_cells import FIRST_ROW, Sheet
from reports.workbook_summary import amounts_of, lines_range
from reports.workbook_values import Cell, Column, Figure, Formula, Row, column_letter

GOOD, BAD, LOOK = "OK", "ERRORE", "DA GUARDARE"
_KINDS = {"eur": "euro", "kwh": "kwh", "count": "count"}


def write_checks(sheet: Sheet, document: WorkbookDocument) -> None:
    """Name, what must be, what is, the difference, the verdict; then the hours of measurement that were missing."""
    rows = [*_run_checks(document), *_own_checks(document)]
    rows = [_judged(row, number) for number, row in enumerate(rows, start=FIRST_ROW + 1)]
    for one in document.missing:
        hours = Figure(one.hours, "count")
        rows.append((f"Ore di misura mancanti, contate come 0: {one.pod}", Figure(0, "count"), hours, hours, LOOK))
    columns = [
        Column("Controllo", 66),
        *(Column(name, 20, "any") for name in ("Atteso", "Trovato", "Differenza")),
        Column("Esito", 16),
    ]
    title = f"Controlli – {formats.month(document.year, document.month)} – {document.configuration.code}"
    sheet.table(title, columns, rows, len(rows))
    last = FIRST_ROW + max(1, len(rows)) - 1
    for word, style in ((GOOD, sheet.styles.good), (BAD, sheet.styles.bad), (LOOK, sheet.styles.bad)):
        condition = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": style}
        sheet.worksheet.conditional_format(FIRST_ROW, 4, last, 4, condition)


def _run_checks(document: WorkbookDocument) -> Iterator[Row]:
    for check in document.checks:
        yield (check.name, _figure(check, check.expected), _figure(check, check.found))


def _figure(check: Check, value: int | str) -> Figure:
    return Figure(value, _KINDS.get(check.unit, "count") if isinstance(value, int) else "text")


def _own_checks(document: WorkbookDocument) -> Iterator[Row]:
    """What one sheet says must be what the other says: (name, expected, found)."""
    lines, cents = document.lines, sum(line.cents for line in document.lines)
    to_members = sum(line.cents for line in lines if line.member)
    last_plant = column_letter(4 + max(1, len(document.plants)))
    shared = int(document.shared_wh.sum())
    taken = int(document.taken_wh.sum())
    premium = sum(plant.premium_cents for plant in document.plants)
    members, amounts = lines_range(document, "C"), lines_range(document, "H")
    hourly = Formula("='Energia oraria'!E2", shared, "kwh")
    of_members = sum(member.shared_wh for member in document.members)
    totals = sum(member.total_cents for member in document.members)
    amount = Figure(sum(amounts_of(document).values()), "euro")
    yield ("Movimenti: la somma è quella delle voci", amount, Formula("=Movimenti!H2", cents, "euro"))
    to_members_formula = Formula(f'=SUMIFS({amounts},{members},"<>")', to_members, "euro")
    yield ("Soci: i totali sono la somma dei loro movimenti", to_members_formula, Formula("=Soci!L2", totals, "euro"))
    gross = Figure(document.premium_gross_cents, "euro")
    yield ("Impianti: i premi sono la tariffa premio, eccedentario compreso", gross, Formula("=Impianti!O2", premium, "euro"))
    yield ("Soci: l'energia condivisa è la somma delle ore", hourly, Formula("=Soci!G2", of_members, "kwh"))
    plants = Formula(f"=SUM('Energia oraria'!F2:{last_plant}2)", taken, "kwh")
    yield ("Impianti: l'energia usata ora per ora è quella condivisa", hourly, plants)


def _judged(row: Row, number: int) -> tuple[Cell, ...]:
    """The row with its difference and its verdict, both formulas over the two cells before."""
    name, expected, found = row
    first, second = _value(expected), _value(found)
    if isinstance(first, int) and isinstance(second, int):
        kind = expected.kind if isinstance(expected, Figure | Formula) else "count"
        difference: Cell = Formula(f"=ROUND(C{number}-B{number},3)", second - first, kind)
        same = f"ROUND(C{number}-B{number},3)=0"
    else:
        difference, same = None, f"EXACT(B{number},C{number})"
    verdict = GOOD if first == second else BAD
    return (name, expected, found, difference, Formula(f'=IF({same},"{GOOD}","{BAD}")', verdict))


def _value(cell: Cell) -> object:
    return cell.value if isinstance(cell, Figure | Formula) else cell
