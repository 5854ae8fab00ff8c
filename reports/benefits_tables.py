"""The tables of the yearly report, the same for the PDF and the workbook."""

from collections.abc import Iterator, Sequence

from reports import formats, words
from reports.accountancy_tables import Table
from reports.benefits_words import draft_of, gse_notes_of, notes_of, provisional_of, rules_of
from reports.documents.benefits import BenefitsAccount, BenefitsCategory, BenefitsDocument, BenefitsMonth
from reports.workbook_values import Column, Row, ratio

CONTRIBUTIONS = tuple(words.CONTRIBUTIONS.values())
_Amounts = BenefitsMonth | BenefitsCategory | BenefitsAccount


def amounts_of(row: _Amounts) -> tuple[int, int, int, int]:
    """Premium, valorisation, excess and their sum."""
    cents = (row.premium_cents, row.valorisation_cents, row.excess_cents)
    return (*cents, sum(cents))


def total_of(rows: Sequence[_Amounts]) -> tuple[int, int, int, int]:
    """The same over several rows."""
    premium, valorisation, excess, total = (
        (sum(column) for column in zip(*map(amounts_of, rows), strict=True)) if rows else (0,) * 4
    )
    return premium, valorisation, excess, total


def tables_of(document: BenefitsDocument) -> list[Table]:
    """Months, categories of members, accounts, excess, what GSE paid, and notes."""
    months, categories, accounts = _months(document), _categories(document), _accounts(document)
    return [months, categories, accounts, _excess(document), _gse_side(document), _notes(document)]


def gse_side_of(document: BenefitsDocument) -> list[tuple[str, int, int | None, int | None]]:
    """Per contribution and in all: what was split, what GSE published for the same year, what the bank received of it."""
    rows = []
    for name, title in words.CONTRIBUTIONS.items():
        split = sum(getattr(row, f"{name}_cents") for row in document.months)
        sides = (
            _sum_known([getattr(row, f"{name}_{side}_cents") for row in document.gse_months])
            for side in ("published", "received")
        )
        rows.append((title, split, *sides))
    return [
        *rows,
        ("Totale", sum(row[1] for row in rows), _sum_known([row[2] for row in rows]), _sum_known([row[3] for row in rows])),
    ]


def _sum_known(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _money(rows: Sequence[_Amounts]) -> tuple[Column, ...]:
    titles = (*CONTRIBUTIONS, "Totale")
    return tuple(Column(f"{title} (€)", 18, "euro", total) for title, total in zip(titles, total_of(rows), strict=True))


def _months(document: BenefitsDocument) -> Table:
    rows = document.months
    energies = ("injected_wh", "withdrawn_wh", "shared_wh", "incentivised_wh")
    titles = ("Immessa (kWh)", "Prelevata (kWh)", "Condivisa (kWh)", "Incentivata (kWh)")
    columns = (
        Column("Mese", 16),
        Column("Calcolo", 16),
        *(
            Column(title, 16, "kwh", sum(getattr(row, name) for row in rows))
            for title, name in zip(titles, energies, strict=True)
        ),
        *_money(rows),
    )

    def read() -> Iterator[Row]:
        for row in rows:
            kind = words.RUN_KINDS.get(row.kind, row.kind)
            yield (formats.MONTHS[row.month - 1], kind, *(getattr(row, name) for name in energies), *amounts_of(row))

    return Table("Mesi", "mesi", columns, read, len(rows))


def _categories(document: BenefitsDocument) -> Table:
    rows = document.categories
    columns = (
        Column("Categoria di soci", 34),
        Column("Impresa", 10),
        Column("Soci", 10, "count", sum(row.members for row in rows)),
        *_money(rows),
    )

    def read() -> Iterator[Row]:
        for row in rows:
            yield words.MEMBER_KINDS.get(row.kind, row.kind), "sì" if row.is_enterprise else "no", row.members, *amounts_of(row)

    return Table("Soci per categoria", "soci", columns, read, len(rows))


def _accounts(document: BenefitsDocument) -> Table:
    rows = document.accounts
    columns = (Column("Conto", 30), Column("Finalità", 60), *_money(rows))

    def read() -> Iterator[Row]:
        for row in rows:
            yield words.account(row.account), row.purpose, *amounts_of(row)

    return Table("Conti e finalità", "conti", columns, read, len(rows))


def _excess(document: BenefitsDocument) -> Table:
    columns = (
        Column("Impianti incentivati", 40),
        Column("Soglia", 10, "percent"),
        Column("Immessa (kWh)", 16, "kwh"),
        Column("Incentivata (kWh)", 16, "kwh"),
        Column("Quota", 10, "percent"),
        Column("Premio, eccedentario compreso (€)", 20, "euro"),
    )

    def read() -> Iterator[Row]:
        for row in document.excess_sets:
            quota = ratio(row.incentivised_wh, row.injected_wh) if row.injected_wh else None
            name = "con contributo in conto capitale" if row.granted else "senza contributo in conto capitale"
            yield name, row.threshold, row.injected_wh, row.incentivised_wh, quota, row.premium_cents

    return Table("Eccedentario", "eccedentario", columns, read, len(document.excess_sets))


def _gse_side(document: BenefitsDocument) -> Table:
    """Month by month: what was split beside what GSE published and what came, each contribution apart."""
    split = {row.month: row for row in document.months}
    gse = {row.month: row for row in document.gse_months}
    names = tuple(words.CONTRIBUTIONS)
    totals = gse_side_of(document)
    titles = ("ripartito", "pubblicato dal GSE", "incassato")
    columns = [Column("Mese", 16)]
    for _name, (title, *sums) in zip(names, totals, strict=False):
        columns += [Column(f"{title}, {what} (€)", 20, "euro", total) for what, total in zip(titles, sums, strict=True)]

    def read() -> Iterator[Row]:
        for month in sorted({*split, *gse}):
            cells: list[int | None] = []
            for name in names:
                cells.append(getattr(split.get(month), f"{name}_cents", None))
                cells += [getattr(gse.get(month), f"{name}_{side}_cents", None) for side in ("published", "received")]
            yield formats.MONTHS[month - 1], *cells

    return Table("GSE e banca", "gse", tuple(columns), read, len({*split, *gse}))


def _notes(document: BenefitsDocument) -> Table:
    states = [("Stato", text) for text in (draft_of(document), provisional_of(document)) if text]
    rows = [*states, *((f"Riparto. {title}", text) for title, text in rules_of(document)), *notes_of(document)]
    rows += (("GSE e banca", sentence) for sentence in gse_notes_of(document))
    return Table("Riparto e note", "note", (Column("Voce", 50), Column("Testo", 160)), lambda: iter(rows), len(rows))
