"""From a month to its days and from a day to its hours: energies and tariffs as the run settled them, with the numbers put in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.engine.calendar import hour_of_day, hours_in_day, month_days
from apps.engine.explaining import ExplainedHours, PlantHours, explain_hours
from apps.engine.inputs import MonthInputs
from apps.explaining.moments import hour_name
from apps.explaining.numbers import NBSP, eur_per_mwh, number, percent, price
from apps.explaining.pictures import Picture, month_picture, plant_picture
from apps.explaining.snapshots import get_hours
from apps.explaining.subject import Subject
from apps.settlement.booking import unpack_wh
from apps.settlement.models import PointResult


@dataclass(frozen=True, slots=True)
class DayRow:
    """A local day of the member, Wh; `url` leads to its hours."""

    day: date
    withdrawn_wh: int
    shared_wh: int
    injected_wh: int
    taken_wh: int
    url: str


@dataclass(frozen=True, slots=True)
class MonthOfDays:
    rows: Sequence[DayRow]
    total: DayRow
    pictures: Sequence[Picture]
    points: Sequence[PointResult]
    missing_hours: int


def explain_days(subject: Subject) -> MonthOfDays:
    """The member's days as the run stored them. One query."""
    run = subject.run
    days = month_days(run.month.year, run.month.month)
    points = list(run.point_results.filter(member=subject.result.member_id).order_by("pod", "valid_from"))
    sums = np.zeros((4, len(days)), np.int64)
    for point in points:
        sums += unpack_wh(point.days, rows=4)
    withdrawn, injected, shared, taken = sums.tolist()
    rows = [DayRow(day, withdrawn[n], shared[n], injected[n], taken[n], subject.day_url(day)) for n, day in enumerate(days)]
    month = date_format(run.month, "F Y")
    pictures = []
    if any(withdrawn):
        title = _("Energia prelevata e condivisa giorno per giorno, %(month)s") % {"month": month}
        pictures.append(month_picture(days, withdrawn, shared, title))
    if any(injected):
        title = _("Energia immessa e usata dalla comunità giorno per giorno, %(month)s") % {"month": month}
        pictures.append(plant_picture(days, injected, taken, title))
    total = DayRow(run.month, sum(withdrawn), sum(shared), sum(injected), sum(taken), "")
    return MonthOfDays(rows, total, pictures, points, sum(point.missing_hours for point in points))


@dataclass(frozen=True, slots=True)
class Tariff:
    """Plants that earn alike in an hour: the formula with its numbers; energy and premium where the reader may see them."""

    plants: str
    zone: str
    price_ueur: int
    formula: str
    tip_ueur: int
    note: str
    taken_wh: int | None
    premium_cents: Fraction | None


@dataclass(frozen=True, slots=True)
class HourRow:
    """One hour: the configuration's Wh, the member's Wh with its part of the withdrawals, tariffs, the exact premium in cents."""

    index: int
    name: str
    url: str
    injected_wh: int
    withdrawn_wh: int
    shared_wh: int
    own_withdrawn_wh: int
    own_shared_wh: int
    own_injected_wh: int
    own_taken_wh: int
    known: bool
    tariffs: Sequence[Tariff]
    premium_cents: Fraction

    @property
    def share(self) -> Fraction:
        """The member's part of all withdrawals, 0..1."""
        return Fraction(self.own_withdrawn_wh, self.withdrawn_wh) if self.withdrawn_wh else Fraction(0)

    @property
    def exact_shared_wh(self) -> Fraction:
        return self.share * self.shared_wh

    @property
    def prices(self) -> Sequence[tuple[str, int]]:
        """Zonal prices, each zone once."""
        return sorted({(tariff.zone, tariff.price_ueur) for tariff in self.tariffs})


@dataclass(frozen=True, slots=True)
class DayOfHours:
    day: date
    rows: Sequence[HourRow]
    total: HourRow
    has_plants: bool
    before: str
    after: str


def explain_day(subject: Subject, day: date) -> DayOfHours:
    """The hours of one local day. No query; a slice of the snapshot. Errors: `SnapshotUnreadable`."""
    first = hour_of_day(day)
    inputs = get_hours(subject.run, slice(first, first + hours_in_day(day)))
    found = explain_hours(inputs, subject.member.code)
    rows = [hour_row(subject, inputs, found, day, place, place) for place in range(hours_in_day(day))]
    days = month_days(day.year, day.month)
    place = days.index(day)
    return DayOfHours(
        day=day,
        rows=rows,
        total=_total(rows),
        has_plants=any(row.own_injected_wh for row in rows),
        before=subject.day_url(days[place - 1]) if place else "",
        after=subject.day_url(days[place + 1]) if place + 1 < len(days) else "",
    )


def _total(rows: Sequence[HourRow]) -> HourRow:
    names = ("injected_wh", "withdrawn_wh", "shared_wh", "own_withdrawn_wh", "own_shared_wh", "own_injected_wh", "own_taken_wh")
    sums = {name: sum(getattr(row, name) for row in rows) for name in names}
    premium = sum((row.premium_cents for row in rows), Fraction(0))
    return HourRow(index=-1, name="", url="", **sums, known=all(row.known for row in rows), tariffs=(), premium_cents=premium)


def hour_row(subject: Subject, inputs: MonthInputs, found: ExplainedHours, day: date, hour: int, place: int) -> HourRow:
    """The hour `hour` of a local day, which stands at `place` of what was explained."""
    premium = sum((plant.premium_cents[place] for plant in found.plants), Fraction(0))
    return HourRow(
        index=hour,
        name=hour_name(day, hour),
        url=subject.hour_url(day, hour),
        injected_wh=int(found.injected_wh[place]),
        withdrawn_wh=int(found.withdrawn_wh[place]),
        shared_wh=int(found.shared_wh[place]),
        own_withdrawn_wh=int(found.own("withdrawn_wh")[place]),
        own_shared_wh=int(found.own("shared_wh")[place]),
        own_injected_wh=int(found.own("injected_wh")[place]),
        own_taken_wh=int(found.own("taken_wh")[place]),
        known=all(bool(point.known[place]) for point in found.points if point.point.first_hour <= place < point.point.last_hour),
        tariffs=_tariffs(subject, inputs, found, place),
        premium_cents=premium,
    )


def _tariffs(subject: Subject, inputs: MonthInputs, found: ExplainedHours, place: int) -> list[Tariff]:
    groups: dict[tuple[object, ...], list[PlantHours]] = {}
    for plant in found.plants:
        if plant.terms.earns:
            groups.setdefault((plant.plant.market_zone, plant.terms), []).append(plant)
    own = {point.point.pod for point in found.points}
    told = []
    for plants in groups.values():
        may_see = subject.sees_all or all(plant.plant.pod in own for plant in plants)
        one = plants[0]
        told.append(
            Tariff(
                plants=", ".join(plant.plant.code for plant in plants),
                zone=one.plant.market_zone,
                price_ueur=int(one.price_ueur_per_mwh[place]),
                formula=tariff_formula(inputs, one, place),
                tip_ueur=int(one.tariff_ueur_per_mwh[place]),
                note=_reductions(plants, place, with_energy=may_see),
                taken_wh=sum(int(plant.taken_wh[place]) for plant in plants) if may_see else None,
                premium_cents=sum((plant.premium_cents[place] for plant in plants), Fraction(0)) if may_see else None,
            )
        )
    return told


def tariff_formula(inputs: MonthInputs, plant: PlantHours, place: int) -> str:
    """min(120; 80 + max(0; 180 − 150,00)) + 10 = 120 €/MWh: the numbers of the run, the result of the engine."""
    terms = plant.terms
    zonal = int(plant.price_ueur_per_mwh[place])
    shown = f"({price(zonal)})" if zonal < 0 else price(zonal)
    reference = eur_per_mwh(int(inputs.parameters.price_reference_eur_per_mwh * 10**6))
    extra = f" + {eur_per_mwh(terms.correction_ueur_per_mwh)}" if terms.correction_ueur_per_mwh else ""
    base, cap = eur_per_mwh(terms.base_ueur_per_mwh), eur_per_mwh(terms.cap_ueur_per_mwh)
    tip = price(int(plant.tariff_ueur_per_mwh[place]))
    return f"min({cap}; {base} + max(0; {reference} − {shown})){extra} = {tip}{NBSP}€/MWh"


def _reductions(plants: Sequence[PlantHours], place: int, *, with_energy: bool) -> str:
    """What lowers the tariff of these plants, if anything does."""
    terms, told = plants[0].terms, []
    if terms.reduction:
        tip = Fraction(int(plants[0].tariff_ueur_per_mwh[place]))
        lowered = {"share": percent(terms.reduction), "tip": eur_per_mwh(round(tip * (1 - terms.reduction)))}
        told.append(_("× (1 − %(share)s) per il contributo in conto capitale = %(tip)s €/MWh") % lowered)
        if with_energy:
            exempt = sum(int(plant.exempt_wh[place]) for plant in plants)
            told.append(_("intera su %(energy)s Wh di soggetti esenti") % {"energy": number(exempt)})
    if terms.obligation_share != 1:
        told.append(_("× %(share)s per la potenza oltre l’obbligo") % {"share": percent(terms.obligation_share)})
    return "; ".join(told)
