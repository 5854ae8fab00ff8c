"""Read: who and where, in the frozen shapes that a settlement needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.communities.errors import DistributionMissing
from apps.communities.models import Community, Configuration, DistributionRule, Member, MeteringPoint, Plant, Role
from apps.engine import inputs as engine


@dataclass(frozen=True, slots=True)
class PerimeterPoint:
    """A metering point for as long as one member holds it; `pod` as the distributor writes it, `pod_key` its first 14."""

    pod: str
    pod_key: str
    member: str
    member_kind: str
    voltage: engine.Voltage
    valid_from: date
    valid_to: date | None
    storage_efficiency: Decimal | None


@dataclass(frozen=True, slots=True)
class Perimeter:
    """Everybody and everything that ever belonged to one configuration.

    `points` by (pod_key, valid_from); `plants` behind any of them, by code, their `pod` being the key; `members` (code, kind)
    by code: who holds a point of the configuration at any time, or has a fixed share in the rule of the month.
    """

    points: tuple[PerimeterPoint, ...]
    plants: tuple[engine.Plant, ...]
    members: tuple[tuple[str, str], ...]


def list_points(configuration: Configuration) -> tuple[PerimeterPoint, ...]:
    """All metering points of a configuration at any time, by (pod_key, valid_from)."""
    rows = MeteringPoint.objects.filter(configuration=configuration).order_by("pod_key", "valid_from")
    return tuple(
        PerimeterPoint(pod, key, member, kind, engine.Voltage(voltage), valid_from, valid_to, efficiency)
        for pod, key, member, kind, voltage, valid_from, valid_to, efficiency in rows.values_list(
            "pod",
            "pod_key",
            "member__code",
            "member__kind",
            "voltage",
            "valid_from",
            "valid_to",
            "storage_efficiency",
        )
    )


def list_plants(configuration: Configuration) -> tuple[engine.Plant, ...]:
    """The plants behind the points of a configuration at any time, by code."""
    keys = MeteringPoint.objects.filter(configuration=configuration).values("pod_key")
    plants = Plant.objects.filter(community=configuration.community_id, pod_key__in=keys)
    found = [
        engine.Plant(
            code=plant.code,
            pod=plant.pod_key,
            source=plant.source,
            power_kw=plant.power_kw,
            region=plant.region,
            market_zone=plant.market_zone,
            entered_operation_on=plant.entered_operation_on,
            grant_intensity=plant.grant_intensity,
            obligation_power_kw=plant.obligation_power_kw,
            in_building=plant.in_building,
        )
        for plant in plants
    ]
    return tuple(sorted(found, key=lambda plant: plant.code))


def get_perimeter(configuration: Configuration, year: int, month: int) -> Perimeter:
    """Who and what a settlement of the month may have to do with."""
    points = list_points(configuration)
    members = {point.member: point.member_kind for point in points}
    rule = _find_rule(configuration, year, month)
    strangers = sorted(_fixed_members(rule.table) - members.keys()) if rule else []
    if strangers:
        rows = Member.objects.filter(community=configuration.community_id, code__in=strangers)
        members.update(rows.values_list("code", "kind"))
    return Perimeter(points=points, plants=list_plants(configuration), members=tuple(sorted(members.items())))


def get_distribution(configuration: Configuration, year: int, month: int) -> engine.Distribution:
    """The rule in force on the first day of the month, or on the day when the configuration starts inside the month.

    Errors: `DistributionMissing` names the configuration and the day.
    """
    rule = _find_rule(configuration, year, month)
    if rule is None:
        day = _rule_day(configuration, year, month)
        raise DistributionMissing(
            _(
                "Run %(month)s of %(configuration)s cannot start: no distribution rule is in force on %(day)s. "
                "Record one, then retry the run."
            )
            % {"month": f"{year}-{month:02d}", "configuration": configuration.code, "day": f"{day:%d/%m/%Y}"}
        )
    return read_distribution(rule.table, valid_from=rule.valid_from)


def read_distribution(table: Mapping[str, Any], *, valid_from: date) -> engine.Distribution:
    """A stored table as the frozen value of the engine; texts become exact numbers."""
    excess = table.get("excess")
    return engine.Distribution(
        valid_from=valid_from,
        premium=_read_split(table["premium"]),
        valorisation=_read_split(table["valorisation"]),
        excess=None
        if excess is None
        else engine.ExcessSplit(
            social_fund_percent=Decimal(excess["social_fund_percent"]),
            consumers_key=excess["consumers_key"],
            fixed=_read_fixed(excess),
        ),
    )


def _find_rule(configuration: Configuration, year: int, month: int) -> DistributionRule | None:
    day = _rule_day(configuration, year, month)
    in_force = Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gt=day))
    return DistributionRule.objects.filter(in_force, configuration=configuration).first()


def _rule_day(configuration: Configuration, year: int, month: int) -> date:
    return max(date(year, month, 1), configuration.starts_on)


def _read_split(table: Mapping[str, Any]) -> engine.Split:
    return engine.Split(
        deductions=tuple(engine.Deduction(row["account"], Decimal(row["percent"])) for row in table["deductions"]),
        producers_percent=Decimal(table["producers_percent"]),
        producers_key=table["producers_key"],
        consumers_key=table["consumers_key"],
        fixed=_read_fixed(table),
    )


def _read_fixed(table: Mapping[str, Any]) -> tuple[tuple[str, Decimal], ...]:
    fixed: Mapping[str, str] = table.get("fixed", {})
    return tuple((code, Decimal(fixed[code])) for code in sorted(fixed))


def _fixed_members(table: Mapping[str, Any]) -> set[str]:
    return {code for part in table.values() for code in part.get("fixed", {})}


def list_administered_communities(user: User) -> QuerySet[Community]:
    """The communities where a person may start, approve and import: their administrators; a superuser all."""
    if not (user.is_active and user.is_staff):
        return Community.objects.none()
    if user.is_superuser:
        return Community.objects.all()
    return Community.objects.filter(roles__user=user, roles__kind=Role.Kind.ADMINISTRATOR)


def administers_everything(user: User) -> bool:
    """Is there a community, and is there none that this person does not administer?"""
    administered = list_administered_communities(user)
    return administered.exists() and not Community.objects.exclude(pk__in=administered).exists()
