"""The form in which a person says what the columns of a file mean, from the posted fields to a mapping and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.backoffice.gse.access import number_of
from apps.communities.models import Community, Configuration
from apps.settlement.gse import mapping
from apps.settlement.gse.errors import MappingRefused
from apps.settlement.gse.mapping import MAY_BE_CONSTANT, MEANINGS, WORDS, FileMapping, label_of, mapping_from_json
from apps.settlement.gse.reading import FileRead
from apps.settlement.gse.table_file import Table, header_of
from apps.settlement.models import GseItem, GseKind, GseTarget

LONGEST_WORDS = 60_000
Option = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One meaning: the columns it may be, and a value for the whole file where that is possible."""

    meaning: str
    label: str
    column: str
    may_be_constant: bool
    constant: str
    options: Sequence[Option]  # of the constant; none: a text


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the file that nobody has translated yet."""

    name: str
    text: str
    meaning: str
    options: Sequence[Option]


def fields_of(said: FileMapping, community: Community) -> list[Field]:
    target = GseTarget(said.target)
    return [
        Field(
            meaning=meaning,
            label=label_of(meaning),
            column=said.columns.get(meaning, ""),
            may_be_constant=meaning in MAY_BE_CONSTANT[target],
            constant=said.constants.get(meaning, ""),
            options=options_of(meaning, community),
        )
        for meaning in MEANINGS[target]
    ]


def options_of(meaning: str, community: Community) -> Sequence[Option]:
    """Our codes for a meaning, with their names."""
    if meaning == mapping.CONFIGURATION:
        codes = Configuration.objects.filter(community=community).order_by("code").values_list("code", flat=True)
        return [(code, code) for code in codes]
    if meaning == mapping.ITEM:
        return [(one.value, str(one.label)) for one in GseItem]
    if meaning == mapping.KIND:
        return [(one.value, str(one.label)) for one in GseKind if one != GseKind.FEE]
    return []


def words_of(read: FileRead, community: Community) -> list[Word]:
    return [
        Word(f"word-{meaning}-{number}", text, label_of(meaning), options_of(meaning, community))
        for meaning, texts in read.unknown.items()
        for number, text in enumerate(texts)
    ]


def mapping_from_post(post: QueryDict, target: str, table: Table) -> FileMapping:
    """What was posted; columns come as numbers, so that no hostile name has to travel. Errors: `MappingRefused`."""
    said = mapping_from_json(
        {
            "target": target,
            "columns": {},
            "constants": {name: post.get(f"constant-{name}", "").strip() for name in MAY_BE_CONSTANT[GseTarget(target)]},
            "words": _words(post),
            "sheet": table.sheet,
            "header_row": number_of(post.get("header_row", "")),
            "decimal_comma": post.get("decimal") != "point",
            "day_first": post.get("dates") != "month",
            "positive_fees": post.get("positive_fees") == "yes",
            "only": post.get("only", "").strip(),
        }
    )
    header = header_of(table, said.header_row)
    columns = {}
    for meaning in MEANINGS[GseTarget(target)]:
        number = number_of(post.get(f"column-{meaning}", ""), none=-1)
        if 0 <= number < len(header):
            columns[meaning] = header[number]
    return replace(said, columns=columns, constants={k: v for k, v in said.constants.items() if k not in columns})


def columns_of(said: FileMapping, header: Sequence[str]) -> dict[str, int]:
    """Meaning -> number of its column in this header, for the form."""
    return {meaning: header.index(name) for meaning, name in said.columns.items() if name in header}


def _words(post: QueryDict) -> dict[str, Any]:
    """Words that were translated before, and those of this post."""
    try:
        words = json.loads(post.get("words", "{}")[:LONGEST_WORDS])
    except ValueError as error:
        raise MappingRefused(_("The mapping cannot be read. Choose the columns again.")) from error
    known: dict[str, dict[str, str]] = {
        name: dict(words[name]) for name in WORDS if isinstance(words, Mapping) and isinstance(words.get(name), Mapping)
    }
    for key, code in post.items():
        kind, _dash, rest = key.partition("-")
        meaning, _dash, number = rest.partition("-")
        if kind == "word" and meaning in WORDS and code and isinstance(code, str):
            known.setdefault(meaning, {})[post.get(f"text-{meaning}-{number}", "")] = code
    return known
