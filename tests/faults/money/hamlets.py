"""Tiny communities that can be settled in a blink: one configuration each, a few members, uneven numbers drawn from the seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from apps.accounts.models import User
from apps.communities.models import Community, Configuration, DistributionRule, Member, Membership, MeteringPoint, Plant
from apps.engine.calendar import month_days
from apps.engine.inputs import Quality
from apps.metering.curve_operations import store_curves
from apps.metering.models import Channel, Source
from apps.metering.packing import WIDTH
from apps.metering.statements import CurveStatements
from apps.settlement.models import ZonalPrice

FOUNDED_ON = date(2022, 1, 1)
PAST = datetime(2024, 12, 2, 8, 0, tzinfo=UTC)  # when people press: long ago, so that the timetable takes up what was forgotten
PEOPLE = ("anna", "bruno", "carla", "dora")
KINDS = ("sme", "household", "household", "local_authority", "household")


@dataclass(frozen=True, slots=True)
class Hamlet:
    """A configuration of the run, with its points: the first one has the plant."""

    configuration_id: int
    code: str
    pods: tuple[str, ...]


def make_people() -> dict[str, int]:
    """Name -> id of those who press buttons."""
    return {name: User.objects.create(email=f"{name}@example.org", name=name.title()).pk for name in PEOPLE}


def make_hamlet(number: int, chance: random.Random) -> Hamlet:
    community = Community.objects.create(code=f"BORGO-{number:03d}", name=f"CER del Borgo {number}", tax_code="12345678903")
    configuration = Configuration.objects.create(
        community=community, code=f"BORGO-{number:03d}-A", kind="cer", primary_substation="AC001E00001", starts_on=FOUNDED_ON
    )
    DistributionRule.objects.create(configuration=configuration, valid_from=FOUNDED_ON, table=_draw_table(chance))
    pods = tuple(f"IT001E{number:04d}{place:04d}" for place in range(chance.randint(3, 5)))
    for place, pod in enumerate(pods):
        member = Member.objects.create(
            community=community, code=f"M{place + 1}", name=f"Socio {place + 1} di {number}", kind=KINDS[place]
        )
        Membership.objects.create(member=member, joined_on=FOUNDED_ON)
        MeteringPoint.objects.create(pod=pod, configuration=configuration, member=member, valid_from=FOUNDED_ON)
    Plant.objects.create(
        community=community,
        code="P1",
        pod_key=pods[0],
        source="photovoltaic",
        power_kw=Decimal(chance.choice(("20", "99.9", "350"))),
        region="Lombardia",
        market_zone="NORD",
        entered_operation_on=date(2022, 1, 1),
    )
    return Hamlet(configuration.pk, configuration.code, pods)


def _draw_table(chance: random.Random) -> dict[str, object]:
    def percent(most: int) -> str:
        return str(Decimal(chance.randint(0, 100 * most)).scaleb(-2))

    def split(*accounts: str) -> dict[str, object]:
        return {
            "deductions": [{"account": account, "percent": percent(20)} for account in accounts],
            "producers_percent": percent(100),
            "producers_key": "injected",
            "consumers_key": chance.choice(("coincident", "withdrawn", "equal")),
        }

    excess = {"social_fund_percent": percent(100), "consumers_key": "coincident"}
    return {"premium": split("management", "reserve"), "valorisation": split("management"), "excess": excess}


def make_prices(months: Sequence[date], chance: random.Random) -> None:
    for month in months:
        first = datetime(month.year, month.month, 1, tzinfo=UTC) - timedelta(hours=3)
        hours = range((len(month_days(month.year, month.month)) + 1) * 24)
        ZonalPrice.objects.bulk_create(
            ZonalPrice(zone="NORD", starts_at=first + timedelta(hours=hour), price_eur_per_mwh=Decimal(chance.randint(0, 200)))
            for hour in hours
        )


def make_measures(hamlet: Hamlet, month: date, seed: int) -> None:
    """All curves of a month. Another seed is another truth: what late data are."""
    rng = np.random.default_rng([seed, hamlet.configuration_id, month.toordinal()])
    days = month_days(month.year, month.month)
    bell = np.clip(np.sin(np.pi * (np.arange(WIDTH) - 28) / 40), 0, 1)
    blocks = [(hamlet.pods[0], Channel.INJECTED, (bell * rng.integers(200, 2000, (len(days), 1))).astype(np.int32))]
    blocks += [(pod, Channel.WITHDRAWN, rng.integers(0, 500, (len(days), WIDTH)).astype(np.int32)) for pod in hamlet.pods]
    values = np.concatenate([block for _pod, _channel, block in blocks])
    lengths = np.array([_quarters(day) for day in days] * len(blocks))
    known = np.arange(WIDTH)[None, :] < lengths[:, None]
    said = CurveStatements(
        pod_keys=np.repeat(np.array([pod for pod, _channel, _block in blocks], "S14"), len(days)),
        days=np.tile(np.array(days, "datetime64[D]"), len(blocks)),
        channels=np.repeat(np.array([channel.value for _pod, channel, _block in blocks], np.int16), len(days)),
        values=np.where(known, values, 0).astype(np.int32),
        quality=np.where(known, Quality.OFFICIAL, Quality.MISSING).astype(np.uint8),
        stated=known,
    )
    store_curves(said=said, source=Source.OFFICIAL, as_of=PAST)


def _quarters(day: date) -> int:
    """92, 96 or 100: the last Sundays of March and October."""
    last_sunday = day.weekday() == 6 and day.day > 24
    return 92 if last_sunday and day.month == 3 else 100 if last_sunday and day.month == 10 else 96
