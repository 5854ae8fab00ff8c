"""A small community written down as facts, and the frozen input made of them. What the tests of the engine are written in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import numpy as np

from apps.engine.calendar import hours_in_month, validity_hours
from apps.engine.inputs import (
    Distribution,
    ExcessSplit,
    Injection,
    Kind,
    MonthInputs,
    Plant,
    Point,
    Quality,
    RuleParameters,
    RunKind,
    Split,
    TariffClass,
    Voltage,
    YearToDate,
)
from apps.engine.ordering import canonical

NORTH = (
    "Emilia-Romagna",
    "Friuli-Venezia Giulia",
    "Liguria",
    "Lombardia",
    "Piemonte",
    "Trentino-Alto Adige",
    "Valle d'Aosta",
    "Veneto",
)
CENTRE = ("Lazio", "Marche", "Toscana", "Umbria", "Abruzzo")

# The law as of 2023 (settlement-rules 2-5), household exemption excluded: it came in June 2025.
PARAMETERS = RuleParameters(
    tariff_classes=(
        TariffClass(Decimal(200), Decimal(80), Decimal(120)),
        TariffClass(Decimal(600), Decimal(70), Decimal(110)),
        TariffClass(Decimal(1000), Decimal(60), Decimal(100)),
    ),
    price_reference_eur_per_mwh=Decimal(180),
    regional_correction_eur_per_mwh=(
        *((region, Decimal(10)) for region in NORTH),
        *((region, Decimal(4)) for region in CENTRE),
    ),
    incentive_starts_on=date(2021, 12, 16),
    incentive_max_power_kw=Decimal(1000),
    grant_limit=Decimal("0.40"),
    grant_reduction_at_limit=Decimal("0.5"),
    grant_exempt_kinds=("local_authority", "religious_body", "third_sector", "environmental_body"),
    existing_plants_in_cascade=True,
    trase_eur_per_mwh=Decimal("8.48"),
    btau_eur_per_mwh=Decimal("0.59"),
    avoided_losses_by_voltage=(("BT", Decimal("0.026")), ("MT", Decimal("0.012"))),
    excess_threshold_without_grant=Decimal("0.55"),
    excess_threshold_with_grant=Decimal("0.45"),
    enterprise_kinds=("sme", "large_enterprise"),
)
SINCE_JUNE_2025 = (*PARAMETERS.grant_exempt_kinds, "household")

ALL_TO_CONSUMERS = Split((), Decimal(0), "injected", "coincident")
DISTRIBUTION = Distribution(
    valid_from=date(2023, 1, 1),
    premium=ALL_TO_CONSUMERS,
    valorisation=ALL_TO_CONSUMERS,
    excess=ExcessSplit(Decimal(50), "coincident"),
)
WITHDRAWAL = "withdrawal"


def pod(number: int) -> str:
    return f"IT001E{number:08d}"


@dataclass
class Facts:
    """One configuration and month. Every slot that nobody mentions is a measured 0 Wh; every price is `price`."""

    year: int = 2023
    month: int = 11
    kind: Kind = Kind.CER
    run_kind: RunKind = RunKind.PROVISIONAL
    parameters: RuleParameters = PARAMETERS
    distribution: Distribution = DISTRIBUTION
    members: dict[str, str] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    plants: list[Plant] = field(default_factory=list)
    year_to_date: tuple[YearToDate, ...] = ()
    accepted_missing: tuple[str, ...] = ()
    price_ueur_per_mwh: int = 100_000_000
    prices: dict[tuple[str, int], int] = field(default_factory=dict)
    # (pod, WITHDRAWAL or plant code, quarter of the month) -> Wh; None for a quarter nobody measured
    curves: dict[tuple[str, str, int], int | None] = field(default_factory=dict)

    def member(self, code: str, kind: str = "household") -> str:
        self.members[code] = kind
        return code

    def point(
        self,
        number: int,
        member: str,
        *,
        voltage: str = "BT",
        valid_from: date = date(2021, 1, 1),
        valid_to: date | None = None,
        efficiency: Decimal | None = None,
    ) -> str:
        """Add a point; a member that is not there yet is a household. Return its POD."""
        kind = self.members.setdefault(member, "household")
        first, last = validity_hours(self.year, self.month, valid_from, valid_to)
        self.points.append(Point(pod(number), member, kind, Voltage(voltage), valid_from, valid_to, first, last, efficiency))
        return pod(number)

    def plant(
        self,
        code: str,
        number: int,
        *,
        source: str = "photovoltaic",
        power: str = "100",
        region: str = "Lombardia",
        zone: str = "NORD",
        since: date = date(2022, 1, 1),
        grant: str = "0",
        obligation: str = "0",
        in_building: bool = True,
    ) -> str:
        self.plants.append(
            Plant(
                code, pod(number), source, Decimal(power), region, zone, since, Decimal(grant), Decimal(obligation), in_building
            )
        )
        return code

    def hourly(self, number: int, channel: str, energies_wh: Mapping[int, int | None]) -> None:
        """Write hours of a curve (`WITHDRAWAL` or a plant's code): the whole energy in the first quarter."""
        for hour, wh in energies_wh.items():
            self.curves[pod(number), channel, 4 * hour] = wh

    def inputs(self) -> MonthInputs:
        hours = hours_in_month(self.year, self.month)
        rows = [(i, p) for i, point in enumerate(self.points) for p, plant in enumerate(self.plants) if plant.pod == point.pod]
        withdrawn = [self._curve(point, WITHDRAWAL, hours) for point in self.points]
        injected = [self._curve(self.points[i], self.plants[p].code, hours) for i, p in rows]
        zones = tuple(sorted({plant.market_zone for plant in self.plants} | {zone for zone, _ in self.prices}))
        prices = np.full((len(zones), hours), self.price_ueur_per_mwh, np.int64)
        for (zone, hour), price in self.prices.items():
            prices[zones.index(zone), hour] = price
        return canonical(
            MonthInputs(
                configuration="CER-TEST-A",
                kind=self.kind,
                run_kind=self.run_kind,
                year=self.year,
                month=self.month,
                members=tuple(self.members.items()),
                points=tuple(self.points),
                plants=tuple(self.plants),
                injections=tuple(Injection(i, p) for i, p in rows),
                withdrawn_wh=_stack((curve for curve, _ in withdrawn), hours, np.dtype(np.int32)),
                withdrawn_quality=_stack((quality for _, quality in withdrawn), hours, np.dtype(np.uint8)),
                injected_wh=_stack((curve for curve, _ in injected), hours, np.dtype(np.int32)),
                injected_quality=_stack((quality for _, quality in injected), hours, np.dtype(np.uint8)),
                zones=zones,
                prices_ueur_per_mwh=prices,
                distribution=self.distribution,
                parameters=self.parameters,
                year_to_date=self.year_to_date,
                accepted_missing=self.accepted_missing,
            )
        )

    def _curve(self, point: Point, channel: str, hours: int) -> tuple[np.ndarray, np.ndarray]:
        wh = np.zeros(4 * hours, np.int32)
        quality = np.zeros(4 * hours, np.uint8)
        quality[4 * point.first_hour : 4 * point.last_hour] = Quality.MEASURED
        for (of_pod, of_channel, slot), energy in self.curves.items():
            if (of_pod, of_channel) == (point.pod, channel) and 4 * point.first_hour <= slot < 4 * point.last_hour:
                wh[slot] = energy or 0
                quality[slot] = Quality.MISSING if energy is None else Quality.MEASURED
        return wh, quality


def _stack(rows: Iterable[np.ndarray], hours: int, dtype: np.dtype) -> np.ndarray:
    stacked = list(rows)
    return np.array(stacked, dtype).reshape(len(stacked), 4 * hours)


def with_parameters(facts: Facts, **changes: object) -> Facts:
    facts.parameters = replace(facts.parameters, **changes)  # type: ignore[arg-type]
    return facts
