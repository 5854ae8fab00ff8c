"""Rows of a mapped file into entries, each with its line; a row that cannot be one is refused whole, with the reason."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext as _

from apps.communities.models import Community, Configuration, Plant
from apps.settlement.gse import cells, mapping
from apps.settlement.gse.errors import CellRefused
from apps.settlement.gse.mapping import FileMapping, check_complete, label_of, places_of
from apps.settlement.gse.table_file import Cell, Table, header_of
from apps.settlement.gse.words import recognise
from apps.settlement.models import GseItem, GseKind, GseTarget

MAX_UNKNOWN_WORDS = 60


class PublicationEntry(NamedTuple):
    """What a row says that GSE published. A fee is negative."""

    line: int
    configuration: int
    month: date
    item: str
    kind: str
    plant: int | None
    round: str
    cents: int
    published_on: date
    reference: str


class ReceiptEntry(NamedTuple):
    """What a row says that the bank received."""

    line: int
    configuration: int | None
    value_date: date
    cents: int
    reference: str
    payer: str


class Refusal(NamedTuple):
    """A row that is left out."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileRead:
    """All rows of a file. `unknown` are words nobody translated yet, by meaning; `skipped` rows were left out by `only`."""

    publications: tuple[PublicationEntry, ...]
    receipts: tuple[ReceiptEntry, ...]
    refusals: tuple[Refusal, ...]
    rows_read: int
    skipped: int
    unknown: Mapping[str, tuple[str, ...]]


class _Reader:
    """One pass over one file: what the columns are, what the words mean, what was not understood."""

    def __init__(self, *, community: Community, said: FileMapping, places: Mapping[str, int]) -> None:
        self.said, self.places = said, places
        configurations = Configuration.objects.filter(community=community)
        self.configurations = {row.code.upper(): row for row in configurations}
        self.plants = {row.code.upper(): row.pk for row in Plant.objects.filter(community=community)}
        self.unknown: dict[str, dict[str, None]] = {}

    def cell(self, row: Sequence[Cell], meaning: str) -> Cell:
        if meaning in self.places:
            place = self.places[meaning]
            return row[place] if place < len(row) else None
        return self.said.constants.get(meaning)

    def needed(self, row: Sequence[Cell], meaning: str) -> Cell:
        cell = self.cell(row, meaning)
        if cell is None:
            raise CellRefused(_("The cell “%(meaning)s” is empty.") % {"meaning": label_of(meaning)})
        return cell

    def word(self, row: Sequence[Cell], meaning: str) -> str:
        """Our code for a word of the file. Errors: `CellRefused` when nobody said what it means."""
        text = cells.read_text(self.needed(row, meaning), 300)
        code = self.said.words.get(meaning, {}).get(text) or recognise(meaning, text, self.configurations)
        if code is None:
            known = self.unknown.setdefault(meaning, {})
            if len(known) < MAX_UNKNOWN_WORDS:
                known[text] = None
            raise CellRefused(
                _("“%(text)s” is no known %(meaning)s. Say what it means, or correct the file.")
                % {"text": text[:60], "meaning": label_of(meaning)}
            )
        return code

    def note_words(self, row: Sequence[Cell]) -> None:
        """Note every word of a refused row that nobody translated, so that a person is asked for all of them at once."""
        for meaning in mapping.WORDS:
            if meaning in self.places:
                with suppress(CellRefused):
                    self.word(row, meaning)

    def configuration(self, row: Sequence[Cell]) -> Configuration | None:
        if mapping.CONFIGURATION not in self.places and mapping.CONFIGURATION not in self.said.constants:
            return next(iter(self.configurations.values())) if len(self.configurations) == 1 else None
        if self.said.target == GseTarget.RECEIPTS and self.cell(row, mapping.CONFIGURATION) is None:
            return None
        code = self.word(row, mapping.CONFIGURATION).upper()
        if code not in self.configurations:
            raise CellRefused(_("There is no configuration %(code)s in this community.") % {"code": code[:40]})
        return self.configurations[code]

    def plant(self, row: Sequence[Cell]) -> int | None:
        cell = self.cell(row, mapping.PLANT)
        if cell is None:
            return None
        code = cells.read_text(cell, 40)
        if code.upper() not in self.plants:
            raise CellRefused(
                _("There is no plant %(code)s in this community. Add it, or do not map the plant.") % {"code": code}
            )
        return self.plants[code.upper()]

    def publications(self, line: int, row: Sequence[Cell]) -> Iterator[PublicationEntry]:
        """One entry per amount of a row: one, or one per contribution that has its own column and a filled cell."""
        configuration = self.configuration(row)
        if configuration is None:
            raise CellRefused(_("Nothing says which configuration the row speaks of."))
        month = cells.read_month(self.needed(row, mapping.MONTH), day_first=self.said.day_first)
        if month < configuration.starts_on.replace(day=1):
            raise CellRefused(
                _("%(month)s is before %(configuration)s begins, on %(day)s.")
                % {"month": f"{month:%m/%Y}", "configuration": configuration.code, "day": f"{configuration.starts_on:%d/%m/%Y}"}
            )
        published_on = cells.read_day(self.needed(row, mapping.PUBLISHED_ON), day_first=self.said.day_first)
        reference = cells.read_text(self.cell(row, mapping.REFERENCE), 140)
        plant = self.plant(row)
        amounts = list(self._amounts(row))
        if not amounts:
            raise CellRefused(_("The row has no amount."))
        for item, cents in amounts:
            kind = GseKind.FEE.value if item == GseItem.FEE else self.word(row, mapping.KIND)
            round_ = (reference or published_on.isoformat()) if kind == GseKind.RECALCULATION else ""
            yield PublicationEntry(line, configuration.pk, month, item, kind, plant, round_, cents, published_on, reference)

    def receipt(self, line: int, row: Sequence[Cell]) -> ReceiptEntry:
        configuration = self.configuration(row)
        return ReceiptEntry(
            line=line,
            configuration=configuration.pk if configuration else None,
            value_date=cells.read_day(self.needed(row, mapping.VALUE_DATE), day_first=self.said.day_first),
            cents=cells.read_cents(self.needed(row, mapping.AMOUNT), decimal_comma=self.said.decimal_comma),
            reference=cells.read_text(self.cell(row, mapping.REFERENCE), 140),
            payer=cells.read_text(self.cell(row, mapping.PAYER), 300),
        )

    def _amounts(self, row: Sequence[Cell]) -> Iterator[tuple[str, int]]:
        if mapping.AMOUNT in self.places:
            item = self.word(row, mapping.ITEM)
            yield item, self._cents(item, self.needed(row, mapping.AMOUNT))
            return
        for meaning, item_of in mapping.AMOUNTS.items():
            if meaning in self.places and (cell := self.cell(row, meaning)) is not None:
                yield item_of.value, self._cents(item_of.value, cell)

    def _cents(self, item: str, cell: Cell) -> int:
        cents = cells.read_cents(cell, decimal_comma=self.said.decimal_comma)
        return -cents if item == GseItem.FEE and self.said.positive_fees else cents


def is_wanted(row: Sequence[Cell], only: str) -> bool:
    """Whether a row has one of the texts of `only`, divided by `;`, as a whole word in any case. No text: every row is wanted."""
    wanted = [re.escape(text.strip()) for text in only.split(";") if text.strip()]
    if not wanted:
        return True
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(wanted)})(?!\w)", re.IGNORECASE)
    return any(pattern.search(str(cell)) for cell in row if cell is not None)


def read_file(*, table: Table, community: Community, said: FileMapping) -> FileRead:
    """Every row below the header as entries or refusals. Errors: `MappingRefused` when the mapping does not fit the file."""
    one = Configuration.objects.filter(community=community).count() == 1
    check_complete(said, one_configuration=one)
    reader = _Reader(community=community, said=said, places=places_of(said, header_of(table, said.header_row)))
    publications: list[PublicationEntry] = []
    receipts: list[ReceiptEntry] = []
    refusals: list[Refusal] = []
    read = skipped = 0
    for line, row in table.rows:
        if line <= said.header_row:
            continue
        if not is_wanted(row, said.only):
            skipped += 1
            continue
        read += 1
        try:
            if said.target == GseTarget.RECEIPTS:
                receipts.append(reader.receipt(line, row))
            else:
                publications += list(reader.publications(line, row))
        except CellRefused as refusal:
            refusals.append(Refusal(line, str(refusal)))
            reader.note_words(row)
    return FileRead(
        publications=tuple(publications),
        receipts=tuple(receipts),
        refusals=tuple(refusals),
        rows_read=read,
        skipped=skipped,
        unknown={meaning: tuple(found) for meaning, found in reader.unknown.items()},
    )
