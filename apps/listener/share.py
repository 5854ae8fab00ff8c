"""Which brokers are ours, where several listeners divide them."""

import re
from dataclasses import dataclass


class ShareRefused(Exception):
    """The text does not name a share."""


@dataclass(frozen=True, slots=True)
class Share:
    """Listener `number` of `count`: every broker belongs to exactly one, so that no client identifier is used twice."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Read `2/3`. Errors: `ShareRefused`."""
        found = re.fullmatch(r"([1-9]\d{0,2})/([1-9]\d{0,2})", text)
        if not found or int(found[1]) > int(found[2]):
            raise ShareRefused(f"{text!r} is not a share. Write NUMBER/COUNT, for example 2/3 for the second of three listeners.")
        return cls(int(found[1]), int(found[2]))

    def takes(self, broker_id: int) -> bool:
        return broker_id % self.count == self.number - 1

    @property
    def name(self) -> str:
        """Empty for the only listener, else what tells it from the others in names of files and keys."""
        return "" if self.count == 1 else f"{self.number}-of-{self.count}"
