"""Which reader a topic belongs to: the patterns of all vendors, compiled once, and the answer remembered per topic.

A pattern is a topic in which `{name}` stands for one level, `{name:expression}` for a level or part of that form, and `**` for
one or more levels (the prefix of a Shelly, chosen freely). The first pattern that matches wins.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from apps.engine.errors import InvalidIdentifier
from apps.engine.identifiers import normalise_pod
from apps.engine.telemetry.messages import Source
from apps.engine.telemetry.readers import Address, TopicReader

LONGEST_TOPIC = 512
_MOST_TOPICS = 65536
_FIELD = re.compile(r"\*\*|\{(\w+)(?::([^{}]*))?\}")
# Cut out of a payload, such a name leaves its structure alone: no quote, no bracket, longer than `false`.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{6,}")


class Route(NamedTuple):
    """A pattern and what to do with its topics.

    `key` names the device at its broker and `name` names it for people, both made of the pattern's fields. With `**` there are
    also `{prefix}` (all its levels), `{last}` (the last one), and the POD is the level before the last if it looks like one.
    """

    pattern: str
    reader: TopicReader
    key: str
    name: str
    component: str = ""


def compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression of a pattern."""
    pieces, end = [], 0
    for field in _FIELD.finditer(pattern):
        pieces.append(re.escape(pattern[end : field.start()]))
        form = field[2] or "[^/]+"
        pieces.append(f"(?P<{field[1]}>{form})" if field[1] else "(?P<prefix>[^/]+(?:/[^/]+)*)")
        end = field.end()
    return re.compile("".join([*pieces, re.escape(pattern[end:])]))


def _pod_of(levels: list[str]) -> str | None:
    try:
        return normalise_pod(levels[-2])
    except (IndexError, InvalidIdentifier):
        return None


def _address(vendor: str, route: Route, levels: dict[str, str]) -> Address:
    prefix = levels.get("prefix", "").split("/")
    known = {**levels, "last": prefix[-1]}
    name = route.name.format(**known)
    source = Source(vendor, route.key.format(**known), name, _pod_of(prefix))
    plain = name.encode() if _PLAIN_NAME.fullmatch(name) else b""
    return Address(source, route.component.format(**known), levels, plain)


class Table:
    """All routes of all vendors."""

    def __init__(self, vendors: Iterable[tuple[str, Iterable[Route]]]) -> None:
        self._routes = [(compiled(route.pattern), vendor, route) for vendor, routes in vendors for route in routes]
        self._remembered: dict[str, tuple[TopicReader, Address] | None] = {}

    def find(self, topic: str) -> tuple[TopicReader, Address] | None:
        """Return who reads a topic and what the topic says; None for a topic nobody knows."""
        try:
            return self._remembered[topic]
        except KeyError:
            pass
        found = self._search(topic) if len(topic) <= LONGEST_TOPIC else None
        if len(topic) <= LONGEST_TOPIC:
            if len(self._remembered) >= _MOST_TOPICS:
                self._remembered.clear()
            self._remembered[topic] = found
        return found

    def _search(self, topic: str) -> tuple[TopicReader, Address] | None:
        for expression, vendor, route in self._routes:
            match = expression.fullmatch(topic)
            if match:
                return route.reader, _address(vendor, route, match.groupdict())
        return None
