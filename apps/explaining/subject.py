"""What is explained to whom: one member in one run, and how much of the others may be seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from apps.communities.models import Member
from apps.engine.inputs import Contribution
from apps.settlement.models import MemberResult, SettlementRun


@dataclass(frozen=True, slots=True)
class Subject:
    """`base` is the address that the deeper pages follow. `sees_all` is for who runs or checks the community; a member sees of
    the others sums alone.
    """

    run: SettlementRun
    result: MemberResult
    base: str
    sees_all: bool

    @property
    def member(self) -> Member:
        return self.result.member

    @property
    def month(self) -> date:
        return self.run.month

    def amount_url(self, contribution: str) -> str:
        return f"{self.base}{contribution}/"

    def days_url(self) -> str:
        return f"{self.base}days/"

    def day_url(self, day: date) -> str:
        return f"{self.base}days/{day.day}/"

    def hour_url(self, day: date, hour: int) -> str:
        return f"{self.base}days/{day.day}/{hour}/"

    @property
    def cents(self) -> Mapping[str, int]:
        return {one.value: getattr(self.result, f"{one.value}_cents") for one in Contribution}
