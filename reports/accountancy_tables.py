"""The tables of the books, the same for the workbook and for CSV: summary, members, accounts, movements, journal, checks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from apps.engine.inputs import Contribution
from reports import words
from reports.documents.accountancy import AccountRow, BooksDocument, MemberRow, MonthRow, MovementRow, RunFacts
from reports.documents.journal import JournalDocument, JournalLine
from reports.formats import day
from reports.journal_check import JournalTotals, check
from reports.journal_xlsx import SHEET as JOURNAL
from reports.journal_xlsx import columns_of, rows_of
from reports.workbook_values import Column, Row

RIGHT, WRONG = "torna", "NON TORNA"


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet of the workbook, or one file of the archive (`file`, without its ending)."""

    sheet: str
    file: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterable[Row]]
    count: int


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of the journal, read again each time."""

    document: BooksDocument

    def __iter__(self) -> Iterator[JournalLine]:
        return iter(self.document.journal.read())


def tables_of(document: BooksDocument) -> list[Table]:
    """All tables, in order. Errors: `JournalDoesNotBalance`."""
    journal = JournalDocument(document.issuer, document.first_day, document.last_day, _Lines(document))
    totals = check(journal)
    return [
        _months(document),
        _members(document, "Soci per mese", "soci_per_mese", by_month=True),
        _members(document, "Soci per anno", "soci_per_anno", by_month=False),
        _accounts(document),
        _movements(document),
        Table(JOURNAL, "prima_nota", columns_of(totals), lambda: rows_of(journal), totals.lines),
        _checks(document, totals),
    ]


def title_of(document: BooksDocument) -> str:
    return f"{document.scope}, {day(document.first_day)} – {day(document.last_day)}"


def kind_of_run(run: RunFacts) -> str:
    return f"{words.RUN_KINDS.get(run.run_kind, run.run_kind)} v{run.version}"


def _months(document: BooksDocument) -> Table:
    rows = document.months
    columns = (
        Column("Mese", 16, "month"),
        Column("Configurazione", 20),
        Column("Calcolo", 16),
        Column("Calcolo n.", 11, "count"),
        Column("Approvato il", 13, "day"),
        Column("Contributo", 30),
        Column("Importo (€)", 15, "euro", sum(row.amount_cents for row in rows)),
        Column("Ai soci (€)", 15, "euro", sum(row.members_cents for row in rows)),
        Column("Ai conti (€)", 15, "euro", sum(row.accounts_cents for row in rows)),
        Column("Differenza (€)", 14, "euro", sum(_rest(row) for row in rows)),
    )

    def read() -> Iterator[Row]:
        for row in rows:
            yield (
                row.run.month,
                row.run.configuration,
                kind_of_run(row.run),
                row.run.run,
                row.run.registered_on,
                words.CONTRIBUTIONS[row.contribution],
                row.amount_cents,
                row.members_cents,
                row.accounts_cents,
                _rest(row),
            )

    return Table("Riepilogo", "riepilogo", columns, read, len(rows))


def _rest(row: MonthRow) -> int:
    return row.amount_cents - row.members_cents - row.accounts_cents


def _members(document: BooksDocument, sheet: str, file: str, *, by_month: bool) -> Table:
    stream = document.members if by_month else document.year_members
    when = (Column("Mese", 16, "month"), Column("Configurazione", 20)) if by_month else (Column("Anno", 10),)
    columns = (
        *when,
        Column("Socio", 14),
        Column("Nome", 34),
        Column("Tipo di socio", 26),
        *(
            Column(title, 16, "kwh", total)
            for title, total in zip(("Immessa (kWh)", "Prelevata (kWh)", "Condivisa (kWh)"), document.members_wh, strict=True)
        ),
        *(
            Column(f"{name} (€)", 16, "euro", total)
            for name, total in zip(words.CONTRIBUTIONS.values(), document.members_cents, strict=True)
        ),
        Column("Totale (€)", 16, "euro", sum(document.members_cents)),
    )

    def read() -> Iterator[Row]:
        for row in stream.read():
            place = (row.month, row.configuration) if by_month else (f"{row.month.year}",)
            yield (*place, *_member_cells(row))

    return Table(sheet, file, columns, read, stream.count)


def _member_cells(row: MemberRow) -> Row:
    return (
        row.member,
        row.name,
        words.MEMBER_KINDS.get(row.kind, row.kind),
        row.injected_wh,
        row.withdrawn_wh,
        row.shared_wh,
        row.premium_cents,
        row.valorisation_cents,
        row.excess_cents,
        row.total_cents,
    )


def _accounts(document: BooksDocument) -> Table:
    rows: tuple[AccountRow, ...] = document.accounts
    columns = (
        Column("Mese", 16, "month"),
        Column("Configurazione", 20),
        Column("Conto", 22),
        Column("Codice conto", 14),
        Column("Conto in contabilità", 44),
        Column("Contributo", 30),
        Column("Importo (€)", 15, "euro", sum(row.cents for row in rows)),
    )

    def read() -> Iterator[Row]:
        for row in rows:
            yield (
                row.month,
                row.configuration,
                words.account(row.account),
                row.code,
                row.name,
                words.CONTRIBUTIONS[row.contribution],
                row.cents,
            )

    return Table("Conti", "conti", columns, read, len(rows))


def _movements(document: BooksDocument) -> Table:
    columns = (
        Column("Mese", 16, "month"),
        Column("Configurazione", 20),
        Column("Calcolo", 16),
        Column("Calcolo n.", 11, "count"),
        Column("Approvato il", 13, "day"),
        Column("Riga", 8, "count"),
        Column("Contributo", 30),
        Column("Passo", 40),
        Column("Socio", 14),
        Column("Nome", 34),
        Column("Conto", 20),
        Column("Codice conto", 14),
        Column("Da ripartire (€)", 15, "euro"),
        Column("Importo (€)", 15, "euro", sum(row.members_cents + row.accounts_cents for row in document.months)),
    )

    def read() -> Iterator[Row]:
        for row in document.movements.read():
            yield (
                row.run.month,
                row.run.configuration,
                kind_of_run(row.run),
                row.run.run,
                row.run.registered_on,
                row.position,
                words.CONTRIBUTIONS[row.contribution],
                _step(row),
                row.member,
                row.name,
                words.account(row.account),
                row.code,
                row.block_cents,
                row.cents,
            )

    return Table("Movimenti", "movimenti", columns, read, document.movements.count)


def _step(row: MovementRow) -> str:
    block = words.BLOCKS.get(row.block, row.block)
    return f"{block}, per {words.KEYS.get(row.split_key, row.split_key)}" if row.split_key else block


def _checks(document: BooksDocument, totals: JournalTotals) -> Table:
    columns = (
        Column("Controllo", 60),
        Column("Da una parte (€)", 18, "euro"),
        Column("Dall'altra (€)", 18, "euro"),
        Column("Esito", 14),
    )
    checks = list(_compared(document, totals))
    return Table(
        "Controlli",
        "controlli",
        columns,
        lambda: ((name, one, other, RIGHT if one == other else WRONG) for name, one, other in checks),
        len(checks),
    )


def _compared(document: BooksDocument, totals: JournalTotals) -> Iterator[tuple[str, int, int]]:
    """What must be the same, from two sources each."""
    for contribution, to_members in zip(Contribution, document.members_cents, strict=True):
        rows = [row for row in document.months if row.contribution is contribution]
        name = words.CONTRIBUTIONS[contribution]
        accounts = sum(row.cents for row in document.accounts if row.contribution is contribution)
        yield f"{name}: importo = soci + conti", sum(row.amount_cents for row in rows), to_members + accounts
        yield f"{name}: movimenti dei soci = risultati dei soci", sum(row.members_cents for row in rows), to_members
    yield "Prima nota: dare = avere, documento per documento", totals.cents, totals.cents
