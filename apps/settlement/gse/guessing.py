"""A first guess at a mapping: the saved one that fits the file, else the columns whose names say what they are."""

import re
from collections.abc import Sequence

from apps.communities.models import Community
from apps.settlement.gse import mapping
from apps.settlement.gse.errors import MappingRefused
from apps.settlement.gse.mapping import MEANINGS, FileMapping, mapping_from_json, places_of
from apps.settlement.gse.reading import is_wanted
from apps.settlement.gse.table_file import Table, header_of
from apps.settlement.models import GseMapping, GseTarget

MOST_HEADER_ROWS = 30
GSE_NAMES = "GSE; Gestore dei Servizi Energetici; Gestore Servizi Energetici"
_STEMS = {
    mapping.MONTH: r"mese|periodo|competenza",
    mapping.CONFIGURATION: r"contratto|configurazione|convenzione",
    mapping.ITEM: r"voce|contributo|corrispettivo",
    mapping.KIND: r"\btipo|tipologia|natura",
    mapping.AMOUNT: r"importo|ammontare|\beur|€",
    mapping.PUBLISHED_ON: r"pubblicaz|pubblicat|emission",
    mapping.REFERENCE: r"documento|riferimento|protocollo|\bcro\b|\btrn\b",
    mapping.PLANT: r"impianto",
    mapping.VALUE_DATE: r"valuta",
    mapping.PAYER: r"ordinante|causale|descrizione",
    "amount_premium": r"premio|\btip\b",
    "amount_valorisation": r"valorizz",
    "amount_excess": r"eccedent",
    "amount_fee": r"\bspese\b|\boneri\b",
}


def guess_mapping(*, community: Community, target: str, table: Table) -> FileMapping:
    """What the person begins with. A guess is shown before anything is read with it."""
    header_row = guess_header_row(table)
    for saved in GseMapping.objects.filter(community=community, target=target).order_by("-saved_at"):
        try:
            known = mapping_from_json(saved.mapping)
            places_of(known, header_of(table, known.header_row))
        except MappingRefused:
            continue
        return known
    header = header_of(table, header_row)
    names_gse = any(is_wanted(cells, GSE_NAMES) for line, cells in table.rows if line > header_row)
    return FileMapping(
        target=target,
        columns=_by_name(target, header),
        header_row=header_row,
        sheet=table.sheet,
        only=GSE_NAMES if target == GseTarget.RECEIPTS and names_gse else "",
    )


def guess_header_row(table: Table) -> int:
    """The first line, among the first few, that has as many texts as any of them."""
    first = table.rows[:MOST_HEADER_ROWS]

    def words(cells: Sequence[object]) -> int:
        return sum(1 for cell in cells if isinstance(cell, str) and re.search(r"[^\W\d_]", cell))

    most = max(words(cells) for _line, cells in first)
    return next((line for line, cells in first if words(cells) == most), 0) if most else 0


def _by_name(target: str, header: Sequence[str]) -> dict[str, str]:
    taken: dict[str, str] = {}
    for meaning in MEANINGS[GseTarget(target)]:
        found = [name for name in header if re.search(_STEMS[meaning], name.lower()) and name not in taken.values()]
        if found:
            taken[meaning] = found[0]
    if mapping.AMOUNT in taken or mapping.ITEM in taken:
        return {meaning: name for meaning, name in taken.items() if meaning not in mapping.AMOUNTS}
    return taken
