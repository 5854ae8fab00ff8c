"""Reads one object of the file key by key: every fault is noted with its path, and reading goes on with a placeholder."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from apps.communities.community_file import scalars
from apps.communities.community_file.json_tree import JsonNumber, JsonObject
from apps.communities.community_file.problems import Problems

Value = TypeVar("Value")


class Keep(Enum):
    """The key is absent: what is stored stays as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


class Fields:
    """One object at `path`. `broken` are the keys whose value cannot be used; a placeholder of the right type stands in."""

    def __init__(self, tree: Any, path: str, problems: Problems) -> None:
        self.path = path
        self.problems = problems
        self.broken: set[str] = set()
        self._tree = tree if isinstance(tree, JsonObject) else JsonObject()
        self._asked: dict[str, None] = {}
        self.is_object = isinstance(tree, JsonObject)
        if not self.is_object:
            problems.add(path, _("must be an object {…}, not %(found)s.") % {"found": kind_of(tree)})
        for name in self._tree.repeated:
            problems.add(self.at(name), _("this key is given more than once. Keep one of them."))

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def note(self, name: str, reason: str) -> None:
        """Note a fault of one key."""
        self.broken.add(name)
        self.problems.add(self.at(name), reason)

    def has(self, name: str) -> bool:
        self._asked[name] = None
        return name in self._tree

    def raw(self, name: str) -> Any:
        self._asked[name] = None
        return self._tree.get(name)

    def close(self) -> None:
        """Note every key that nobody asked for. Call it last."""
        for name in self._tree:
            if name not in self._asked:
                self.problems.add(
                    self.at(name), _("this key is unknown. Known keys: %(known)s.") % {"known": ", ".join(self._asked)}
                )

    def required(self, name: str, read: Callable[[str], Value], placeholder: Value) -> Value:
        if not self.has(name):
            if self.is_object:
                self.note(name, _("is missing."))
            else:
                self.broken.add(name)
            return placeholder
        return self._read(name, read, placeholder)

    def optional(self, name: str, read: Callable[[str], Value], empty: Value) -> Value | Keep:
        """`KEEP` when the key is absent, `empty` when it is null."""
        if not self.has(name):
            return KEEP
        return empty if self._tree[name] is None else self._read(name, read, empty)

    def flag(self, name: str) -> bool | Keep:
        if not self.has(name):
            return KEEP
        if not isinstance(self._tree[name], bool):
            self.note(name, _("must be true or false, not %(found)s.") % {"found": kind_of(self._tree[name])})
        return bool(self._tree[name])

    def items(self, name: str) -> Sequence[Any]:
        """The elements of a list."""
        if not self.has(name):
            if self.is_object:
                self.note(name, _("is missing. Write [] if there are none."))
            return ()
        found = self._tree[name]
        if not isinstance(found, list):
            self.note(name, _("must be a list […], not %(found)s.") % {"found": kind_of(found)})
            return ()
        return found

    def code(self, name: str) -> str:
        return self.required(name, scalars.to_code, "")

    def text(self, name: str, *, longest: int) -> str:
        return self.required(name, lambda text: scalars.to_text(text, longest=longest), "")

    def choice(self, name: str, choices: Sequence[str]) -> str:
        return self.required(name, lambda text: scalars.to_choice(text, choices), "")

    def day(self, name: str) -> date:
        return self.required(name, scalars.to_date, date.min)

    def number(self, name: str, *, least: Decimal = Decimal(0), most: Decimal, places: int) -> Decimal:
        return self.required(name, lambda text: scalars.to_decimal(text, least=least, most=most, places=places), Decimal(0))

    def _read(self, name: str, read: Callable[[str], Value], placeholder: Value) -> Value:
        found = self._tree[name]
        if isinstance(found, JsonNumber):
            self.note(name, _("must be a text: write the number in quotes, as %(text)r.") % {"text": str(found)})
            return placeholder
        if not isinstance(found, str):
            self.note(name, _("must be a text, not %(found)s.") % {"found": kind_of(found)})
            return placeholder
        try:
            return read(found)
        except ValueError as error:
            self.note(name, str(error))
            return placeholder


def kind_of(tree: Any) -> str:
    """What a piece of JSON is, for a person."""
    if tree is None:
        return "null"
    names = {bool: _("true or false"), list: _("a list"), JsonObject: _("an object"), JsonNumber: _("a number")}
    return names.get(type(tree), _("a text"))
