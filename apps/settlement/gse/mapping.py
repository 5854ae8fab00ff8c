"""Which column of a file means what: said by a person, kept as JSON, the same for the next file of the same layout."""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.settlement.gse.errors import MappingRefused
from apps.settlement.models import GseItem, GseTarget

MONTH, CONFIGURATION, ITEM, KIND, AMOUNT = "month", "configuration", "item", "kind", "amount"
PUBLISHED_ON, REFERENCE, PLANT = "published_on", "reference", "plant"
VALUE_DATE, PAYER = "value_date", "payer"
# One column per contribution, in place of a column of contributions and one of amounts.
AMOUNTS = {f"amount_{item.value}": item for item in GseItem}
MEANINGS = {
    GseTarget.PUBLICATIONS: (
        *(MONTH, CONFIGURATION, ITEM, KIND, AMOUNT),
        *AMOUNTS,
        *(PUBLISHED_ON, REFERENCE, PLANT),
    ),
    GseTarget.RECEIPTS: (VALUE_DATE, AMOUNT, REFERENCE, PAYER, CONFIGURATION),
}
# What may be the same for the whole file.
MAY_BE_CONSTANT = {
    GseTarget.PUBLICATIONS: (MONTH, CONFIGURATION, ITEM, KIND, PUBLISHED_ON, REFERENCE),
    GseTarget.RECEIPTS: (CONFIGURATION,),
}
# Whose cells are words that a person may translate once: a contract of GSE is no code of ours.
WORDS = (CONFIGURATION, ITEM, KIND)
MAX_HEADER_ROW = 200


@dataclass(frozen=True, slots=True)
class FileMapping:
    """`columns` maps meaning -> name of the column in the header (`#A` where it has none), `constants` meaning -> text.

    `words` maps meaning -> (text of the file -> our code). `only` keeps the rows in which some cell has one of its texts,
    divided by `;`, as a whole word in any case: a bank's statement lists other people too. `positive_fees`: the file writes
    what GSE keeps without a minus.
    """

    target: str
    columns: MappingOf[str, str] = field(default_factory=dict)
    constants: MappingOf[str, str] = field(default_factory=dict)
    words: MappingOf[str, MappingOf[str, str]] = field(default_factory=dict)
    sheet: str = ""
    header_row: int = 1
    decimal_comma: bool = True
    day_first: bool = True
    positive_fees: bool = True
    only: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def mapping_from_json(said: MappingOf[str, Any]) -> FileMapping:
    """A mapping as JSON has it, checked: unknown names are left out, texts are cut. Errors: `MappingRefused`."""
    try:
        target = GseTarget(said["target"])
        known = MEANINGS[target]
        return FileMapping(
            target=target.value,
            columns={name: str(said["columns"][name])[:300] for name in known if said["columns"].get(name)},
            constants={
                name: str(said["constants"][name])[:140] for name in MAY_BE_CONSTANT[target] if said["constants"].get(name)
            },
            words={
                name: {str(text)[:300]: str(code)[:40] for text, code in sorted(said["words"].get(name, {}).items()) if code}
                for name in WORDS
                if said["words"].get(name)
            },
            sheet=str(said["sheet"])[:100],
            header_row=min(MAX_HEADER_ROW, max(0, int(said["header_row"]))),
            decimal_comma=bool(said["decimal_comma"]),
            day_first=bool(said["day_first"]),
            positive_fees=bool(said["positive_fees"]),
            only=str(said["only"])[:100],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MappingRefused(_("The mapping cannot be read. Choose the columns again.")) from error


def places_of(mapping: FileMapping, header: Sequence[str]) -> dict[str, int]:
    """Meaning -> number of the column in this file. Errors: `MappingRefused` names the columns that are not there."""
    absent = sorted({name for name in mapping.columns.values() if name not in header})
    if absent:
        raise MappingRefused(
            _("The file has no column “%(columns)s”. Choose the columns again, or another header row.")
            % {"columns": "”, “".join(absent)}
        )
    return {meaning: header.index(name) for meaning, name in mapping.columns.items()}


def check_complete(mapping: FileMapping, *, one_configuration: bool) -> None:
    """Refuse a mapping that cannot make records. Errors: `MappingRefused` says which meaning has no column."""
    said = {*mapping.columns, *mapping.constants}
    if mapping.target == GseTarget.RECEIPTS:
        needed = [VALUE_DATE, AMOUNT]
    else:
        needed = [MONTH, PUBLISHED_ON]
        wide = any(name in said for name in AMOUNTS)
        if wide and (AMOUNT in said or ITEM in said):
            raise MappingRefused(
                _("The amounts are mapped twice: choose one column of amounts, or one column per contribution, not both.")
            )
        needed += [] if wide else [ITEM, AMOUNT]
        only_fees = {name for name in AMOUNTS if name in said} == {"amount_fee"} or mapping.constants.get(ITEM) == "fee"
        needed += [] if only_fees else [KIND]
        needed += [] if one_configuration else [CONFIGURATION]
    lacking = [name for name in needed if name not in said]
    if lacking:
        raise MappingRefused(
            _("Nothing says which column is: %(meanings)s. Choose a column, or a value for the whole file.")
            % {"meanings": ", ".join(label_of(name) for name in lacking)}
        )


def label_of(meaning: str) -> str:
    """A meaning in the reader's words."""
    if meaning in AMOUNTS:
        return _("importo: %(item)s (€)") % {"item": AMOUNTS[meaning].label}
    return {
        MONTH: _("mese"),
        CONFIGURATION: _("configurazione o contratto"),
        ITEM: _("contributo"),
        KIND: _("tipo (acconto, conguaglio, ricalcolo)"),
        AMOUNT: _("importo (€)"),
        PUBLISHED_ON: _("data di pubblicazione"),
        REFERENCE: _("riferimento del documento o CRO"),
        PLANT: _("impianto (codice)"),
        VALUE_DATE: _("data valuta"),
        PAYER: _("ordinante e causale"),
    }[meaning]
