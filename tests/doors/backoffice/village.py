"""A village that can be settled by hand: one plant, a producer and two households, February 2023, round numbers.

The plant injects 1 kWh a quarter from 10 to 14, the households draw 0.2 and 0.3 kWh a quarter all day, the producer nothing.
So 4 h × 4 × 0.5 = 8 kWh are shared a day, 224 kWh in the month, and the plant earns the premium on all of them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from apps.accounts.models import User
from apps.communities.models import (
    Community,
    Configuration,
    DistributionRule,
    Member,
    Membership,
    MeteringPoint,
    Plant,
    Role,
)
from apps.engine.calendar import month_days
from apps.engine.inputs import Quality
from apps.metering.curve_operations import store_curves
from apps.metering.models import Channel, Source
from apps.metering.packing import WIDTH
from apps.metering.statements import CurveStatements
from apps.settlement.models import SettlementRun, ZonalPrice

MONTH = date(2023, 2, 1)
AS_OF = datetime(2023, 3, 2, 8, 0, tzinfo=UTC)
PASSWORD = "una-frase-lunga-1"
QUARTERS = 96
SPLIT = {"deductions": [], "producers_percent": "50", "producers_key": "injected", "consumers_key": "coincident"}
TABLE = {
    "premium": SPLIT | {"deductions": [{"account": "management", "percent": "10"}]},
    "valorisation": SPLIT | {"producers_percent": "0"},
    "excess": {"social_fund_percent": "50", "consumers_key": "coincident"},
}


@dataclass(frozen=True)
class Village:
    """The configuration and its people: two administrators, an accountant, and somebody of another community."""

    configuration: Configuration
    anna: User
    bruno: User
    carla: User
    stranger: User
    pods: tuple[str, str, str]


def make_village(code: str = "CER-V", number: int = 1) -> Village:
    community = Community.objects.create(code=code, name=f"CER del Villaggio {number}", tax_code="12345678903")
    other = Community.objects.create(code=f"{code}-ALTRA", name="CER Altrove", tax_code="12345678903")
    configuration = Configuration.objects.create(
        community=community, code=f"{code}-A", kind="cer", primary_substation="AC001E00001", starts_on=date(2023, 2, 1)
    )
    DistributionRule.objects.create(configuration=configuration, valid_from=date(2023, 2, 1), table=TABLE)
    pods = tuple(f"IT001E{number:04d}000{place}" for place in range(3))
    for place, pod in enumerate(pods):
        member = Member.objects.create(
            community=community, code=f"M{place + 1}", name=f"Socio {place + 1}", kind="sme" if place == 0 else "household"
        )
        Membership.objects.create(member=member, joined_on=date(2023, 1, 1))
        MeteringPoint.objects.create(pod=pod, configuration=configuration, member=member, valid_from=date(2023, 2, 1))
    Plant.objects.create(
        community=community,
        code="P1",
        pod_key=pods[0],
        source="photovoltaic",
        power_kw=Decimal("99.9"),
        region="Lombardia",
        market_zone="NORD",
        entered_operation_on=date(2022, 3, 1),
    )
    return Village(
        configuration=configuration,
        anna=make_person(f"anna{number}", community, Role.Kind.ADMINISTRATOR),
        bruno=make_person(f"bruno{number}", community, Role.Kind.ADMINISTRATOR),
        carla=make_person(f"carla{number}", community, Role.Kind.ACCOUNTANT),
        stranger=make_person(f"dario{number}", other, Role.Kind.ADMINISTRATOR),
        pods=(pods[0], pods[1], pods[2]),
    )


def make_person(name: str, community: Community, kind: str) -> User:
    user = User.objects.create_user(f"{name}@example.org", PASSWORD, name=name.title(), is_staff=True)
    Role.objects.create(user=user, community=community, kind=kind)
    return user


def make_prices(zone: str = "NORD", month: date = MONTH, euros: str = "150") -> None:
    first = datetime(month.year, month.month, 1, tzinfo=UTC) - timedelta(hours=3)
    hours = range((len(month_days(month.year, month.month)) + 1) * 24)
    ZonalPrice.objects.bulk_create(
        ZonalPrice(zone=zone, starts_at=first + timedelta(hours=hour), price_eur_per_mwh=Decimal(euros)) for hour in hours
    )


def make_measures(village: Village, *, without: tuple[str, ...] = (), month: date = MONTH) -> None:
    """All curves of the month, except those of the PODs in `without`."""
    noon = np.zeros(QUARTERS, np.int32)
    noon[40:56] = 1000
    flat = np.ones(QUARTERS, np.int32)
    producer, first, second = village.pods
    for pod, channel, quarters in (
        (producer, Channel.INJECTED, noon),
        (producer, Channel.WITHDRAWN, 0 * flat),
        (first, Channel.WITHDRAWN, 200 * flat),
        (second, Channel.WITHDRAWN, 300 * flat),
    ):
        if pod not in without:
            _store(pod, channel, quarters, month)


def make_ready_village() -> Village:
    """A village whose February can be settled."""
    made = make_village()
    make_prices()
    make_measures(made)
    return made


def _store(pod: str, channel: Channel, quarters: np.ndarray, month: date) -> None:
    days = month_days(month.year, month.month)
    values = np.zeros((len(days), WIDTH), np.int32)
    values[:, :QUARTERS] = quarters
    known = np.zeros((len(days), WIDTH), np.bool_)
    known[:, :QUARTERS] = True
    said = CurveStatements(
        pod_keys=np.full(len(days), pod, "S14"),
        days=np.array(days, "datetime64[D]"),
        channels=np.full(len(days), channel.value, np.int16),
        values=values,
        quality=np.where(known, Quality.OFFICIAL, Quality.MISSING).astype(np.uint8),
        stated=known,
    )
    store_curves(said=said, source=Source.OFFICIAL, as_of=AS_OF)


def open_run(village: Village, *, kind: str = "provisional", version: int = 1, month: date = MONTH) -> SettlementRun:
    return SettlementRun.objects.create(
        configuration=village.configuration, month=month, kind=kind, version=version, opened_by=village.anna, opened_at=AS_OF
    )
