"""The file as values: what each row says, where it says it, and which of its keys could not be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from apps.communities.community_file.fields import Keep

Table = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    path: str
    broken: frozenset[str]

    def sound(self, *names: str) -> bool:
        """Can these keys be used?"""
        return self.broken.isdisjoint(names)

    def at(self, name: str) -> str:
        return f"{self.path}.{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityRow(Row):
    code: str
    name: str
    tax_code: str | Keep
    iban: str | Keep
    legal_form: str | Keep
    address: str | Keep
    contact_email: str | Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRow(Row):
    """`table` is the distribution in its normal form; `fixed_members` (path, code) are the members that it names."""

    code: str
    kind: str
    primary_substation: str
    starts_on: date
    ends_on: date | Keep | None
    table: Table | Keep
    fixed_members: tuple[tuple[str, str], ...]
    distribution_valid_from: date | Keep | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow(Row):
    code: str
    name: str
    kind: str
    tax_code: str | Keep
    iban: str | Keep
    email: str | Keep
    joined_on: date
    left_on: date | Keep | None
    gse: Mapping[str, str | bool | Keep]  # what GSE's list of members asks, by field


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRow(Row):
    pod: str
    pod_key: str
    configuration: str
    member: str
    voltage: str
    valid_from: date
    valid_to: date | Keep | None
    storage_efficiency: Decimal | Keep | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantRow(Row):
    code: str
    pod_key: str
    source: str
    power_kw: Decimal
    region: str
    market_zone: str
    entered_operation_on: date
    grant_intensity: Decimal
    obligation_power_kw: Decimal
    in_building: bool | Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityFile:
    """All of it; `broken` are the lists that could not be read."""

    broken: frozenset[str]
    community: CommunityRow
    configurations: Sequence[ConfigurationRow]
    members: Sequence[MemberRow]
    metering_points: Sequence[PointRow]
    plants: Sequence[PlantRow]
