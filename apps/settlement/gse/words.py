"""Words of a file that need no translation by a person: our own codes, and the words that GSE's rules print."""

import re
from collections.abc import Collection

from apps.settlement.gse.mapping import CONFIGURATION, ITEM, KIND
from apps.settlement.models import GseItem, GseKind

# A text that contains stems of exactly one meaning has that meaning; of none or of two, a person is asked.
_STEMS = {
    ITEM: {
        GseItem.PREMIUM.value: ("premio", "premium", "incentivant", r"\btip\b"),
        GseItem.VALORISATION.value: ("valorizz", "valorisation", r"\btrase\b", "c_acv"),
        GseItem.EXCESS.value: ("eccedent", "excess"),
        GseItem.FEE.value: ("costi amministrativi", r"\bspese\b", r"\boneri\b", r"\bfees?\b", "corrispettivo a copertura"),
    },
    KIND: {
        GseKind.ADVANCE.value: ("acconto", "advance"),
        GseKind.TRUE_UP.value: ("conguaglio", r"true[_ -]up"),
        GseKind.RECALCULATION.value: ("ricalcol", "rettific", "recalculation"),
    },
}


def recognise(meaning: str, text: str, configurations: Collection[str]) -> str | None:
    """Our code for a text of the file, or None when it is not certain."""
    if meaning == CONFIGURATION:
        return text.upper() if text.upper() in configurations else None
    lower = text.lower()
    found = {code for code, stems in _STEMS[meaning].items() if any(re.search(stem, lower) for stem in stems)}
    return found.pop() if len(found) == 1 else None
