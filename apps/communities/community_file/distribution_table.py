"""The table of a distribution rule (settlement-rules 7): checked, and brought to the one form in which it is stored."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.communities.community_file import scalars
from apps.communities.community_file.fields import Fields, kind_of
from apps.communities.community_file.json_tree import JsonObject
from apps.communities.community_file.problems import Problems
from apps.communities.community_file.rows import Table
from apps.engine.distribution import CONSUMERS_KEYS, PRODUCERS_KEYS

FIXED = "fixed"
_WHOLE = Decimal(100)
_PERCENT_PLACES = 6
_SHARE_PLACES = 18
FixedMembers = list[tuple[str, str]]


def read_table(tree: Any, path: str, problems: Problems) -> tuple[Table, FixedMembers]:
    """Return the table in its normal form (numbers without useless zeros, no empty parts) and the members it names.

    Every fault goes to `problems`; the table is of no use when there are any.
    """
    fields = Fields(tree, path, problems)
    members: FixedMembers = []
    table: Table = {}
    for name in ("premium", "valorisation"):
        if fields.has(name):
            table[name] = _read_split(fields.raw(name), fields.at(name), problems, members)
        elif fields.is_object:
            fields.note(name, _("is missing."))
    if fields.has("excess") and fields.raw("excess") is not None:
        table["excess"] = _read_excess(fields.raw("excess"), fields.at("excess"), problems, members)
    fields.close()
    return table, members


def _read_split(tree: Any, path: str, problems: Problems, members: FixedMembers) -> Table:
    fields = Fields(tree, path, problems)
    table: Table = {
        "deductions": _read_deductions(fields),
        "producers_percent": _percent(fields, "producers_percent"),
        "producers_key": fields.choice("producers_key", PRODUCERS_KEYS),
        "consumers_key": fields.choice("consumers_key", CONSUMERS_KEYS),
    }
    _read_fixed(fields, (table["producers_key"], table["consumers_key"]), table, members)
    fields.close()
    return table


def _read_excess(tree: Any, path: str, problems: Problems, members: FixedMembers) -> Table:
    fields = Fields(tree, path, problems)
    table: Table = {
        "social_fund_percent": _percent(fields, "social_fund_percent"),
        "consumers_key": fields.choice("consumers_key", CONSUMERS_KEYS),
    }
    _read_fixed(fields, (table["consumers_key"],), table, members)
    fields.close()
    return table


def _read_deductions(fields: Fields) -> list[Table]:
    found = []
    for index, tree in enumerate(fields.items("deductions")):
        row = Fields(tree, f"{fields.at('deductions')}[{index}]", fields.problems)
        found.append({"account": row.text("account", longest=60), "percent": _percent(row, "percent")})
        row.close()
        if row.broken:
            fields.broken.add("deductions")
    total = sum((Decimal(row["percent"]) for row in found), Decimal(0))
    if "deductions" not in fields.broken and total > _WHOLE:
        fields.note(
            "deductions",
            _("take %(total)s %% together, more than the whole. Lower them to 100 or less.") % {"total": scalars.plain(total)},
        )
    return found


def _read_fixed(fields: Fields, keys: Sequence[str], table: Table, members: FixedMembers) -> None:
    """`fixed` is given exactly when a key is `fixed`, and its shares sum to exactly 1."""
    tree = fields.raw(FIXED)
    if FIXED not in keys:
        if tree is not None:
            fields.note(FIXED, _("is given, but no key is 'fixed'. Remove it or set the key."))
        return
    if not isinstance(tree, JsonObject):
        found = "–" if tree is None else kind_of(tree)
        fields.note(
            FIXED,
            _("is missing or no object (%(found)s): a key is 'fixed', so every member's share must be given.") % {"found": found},
        )
        return
    shares = Fields(tree, fields.at(FIXED), fields.problems)
    given = {code: shares.number(code, most=Decimal(1), places=_SHARE_PLACES) for code in tree}
    members += [(shares.at(code), code) for code in tree]
    total = sum(given.values(), Decimal(0))
    if not shares.broken and total != 1:
        fields.note(FIXED, _("the shares sum to %(total)s, not to 1. Correct them.") % {"total": scalars.plain(total)})
    table[FIXED] = {code: scalars.plain(given[code]) for code in sorted(given)}


def _percent(fields: Fields, name: str) -> str:
    return scalars.plain(fields.number(name, most=_WHOLE, places=_PERCENT_PLACES))
