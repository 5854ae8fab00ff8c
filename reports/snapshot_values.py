"""Frozen values as rows of text and back: the parameters of the law, a distribution, the small facts of a month.

One row per leaf: its name (`tariff_classes[0].base_eur_per_mwh`), its kind and its value. The type says how to read it back, so
nothing is guessed and a row too many or too few is an error.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from reports.errors import SnapshotAltered


class Leaf(NamedTuple):
    """`kind`: text, whole, decimal, date, flag, none or items (the value is how many)."""

    name: str
    kind: str
    value: str


def leaves_of(value: object, name: str = "") -> Iterator[Leaf]:
    """All leaves of a value made of dataclasses, tuples, texts, whole numbers, decimals, dates, flags and None."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from leaves_of(getattr(value, field.name), f"{name}.{field.name}" if name else field.name)
    elif isinstance(value, tuple):
        yield Leaf(name, "items", str(len(value)))
        for index, item in enumerate(value):
            yield from leaves_of(item, f"{name}[{index}]")
    elif value is None:
        yield Leaf(name, "none", "")
    elif isinstance(value, Enum):
        yield Leaf(name, "text", str(value.value))
    elif isinstance(value, bool):
        yield Leaf(name, "flag", "true" if value else "false")
    elif isinstance(value, int):
        yield Leaf(name, "whole", str(value))
    elif isinstance(value, Decimal):
        yield Leaf(name, "decimal", f"{value:f}")
    elif isinstance(value, date):
        yield Leaf(name, "date", value.isoformat())
    elif isinstance(value, str):
        yield Leaf(name, "text", value)
    else:
        raise TypeError(f"{name} is a {type(value).__name__}, which a snapshot cannot hold.")


class LeafReader:
    """Builds values of given types from leaves; every leaf is used once."""

    def __init__(self, leaves: Iterator[Leaf] | list[Leaf]) -> None:
        self._leaves = {leaf.name: leaf for leaf in leaves}

    def read(self, kind: Any, name: str = "") -> Any:
        """The value called `name`, of the type `kind`. Errors: `SnapshotAltered` when a leaf is missing or of another kind."""
        if is_dataclass(kind) and isinstance(kind, type):
            hints = get_type_hints(kind)
            values = {
                field.name: self.read(hints[field.name], f"{name}.{field.name}" if name else field.name) for field in fields(kind)
            }
            return kind(**values)
        if get_origin(kind) is tuple:
            return self._items(get_args(kind), name)
        if isinstance(kind, UnionType):
            return self._optional(next(one for one in get_args(kind) if one is not NoneType), name)
        return self._leaf(kind, name)

    def finish(self) -> None:
        """Errors: `SnapshotAltered` when leaves are left that nothing asked for."""
        if self._leaves:
            raise SnapshotAltered(f"The snapshot has a value that no run knows: {next(iter(self._leaves))}.")

    def _items(self, kinds: tuple[Any, ...], name: str) -> tuple[Any, ...]:
        count = int(self._take(name, "items").value)
        of_each = [kinds[0]] * count if kinds[-1] is Ellipsis else list(kinds)
        if len(of_each) != count:
            raise SnapshotAltered(f"The snapshot has {count} values for {name}, not {len(of_each)}.")
        return tuple(self.read(kind, f"{name}[{index}]") for index, kind in enumerate(of_each))

    def _optional(self, kind: Any, name: str) -> Any:
        leaf = self._leaves.get(name)
        if leaf is not None and leaf.kind == "none":
            del self._leaves[name]
            return None
        return self.read(kind, name)

    def _leaf(self, kind: Any, name: str) -> Any:
        if issubclass(kind, Enum):
            return kind(self._take(name, "text").value)
        if kind is bool:
            return self._take(name, "flag").value == "true"
        if kind is int:
            return int(self._take(name, "whole").value)
        if kind is Decimal:
            return Decimal(self._take(name, "decimal").value)
        if kind is date:
            return date.fromisoformat(self._take(name, "date").value)
        return self._take(name, "text").value

    def _take(self, name: str, kind: str) -> Leaf:
        leaf = self._leaves.pop(name, None)
        if leaf is None or leaf.kind != kind:
            raise SnapshotAltered(f"The snapshot has no {kind} called {name}.")
        return leaf
