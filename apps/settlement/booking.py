"""Write: the rows of one result, hundreds at a time by COPY, inside the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from apps.communities.models import Member, Plant
from apps.engine.calendar import first_hours_of_days
from apps.engine.correction import Correction, correct
from apps.engine.daily import DailyEnergy, daily_energy
from apps.engine.inputs import Contribution, MonthInputs
from apps.engine.results import Line, MonthResult
from apps.settlement.models import (
    ContributionTotal,
    LedgerEntry,
    MemberResult,
    PlantResult,
    PointResult,
    RunCurves,
    SettlementRun,
)
from apps.settlement.posted import get_posted, list_ground

RESULT_MODELS = (LedgerEntry, ContributionTotal, PlantResult, MemberResult, PointResult, RunCurves)


def replace_rows(*, run: SettlementRun, inputs: MonthInputs, result: MonthResult) -> None:
    """Put the rows of `result` in place of whatever an earlier attempt of this run left.

    A correction books money and the members' energies as differences to what its month posted so far; plants, points and
    hours are always those of the whole month.
    """
    for model in RESULT_MODELS:
        model.objects.filter(run=run).delete()
    community = run.configuration.community_id
    members = dict(Member.objects.filter(community=community).values_list("code", "pk"))
    plants = dict(Plant.objects.filter(community=community).values_list("code", "pk"))
    booked = correct(result, get_posted(list_ground(run))) if run.corrects_id else result
    ContributionTotal.objects.bulk_create(_contribution_totals(run, booked))
    _copy(LedgerEntry, LEDGER_COLUMNS, _ledger_rows(run, booked, members))
    _copy(MemberResult, MEMBER_COLUMNS, _member_rows(run, booked, members))
    _copy(PointResult, POINT_COLUMNS, _point_rows(run, inputs, result, members))
    PlantResult.objects.bulk_create(_plant_rows(run, inputs, result, plants))
    RunCurves.objects.create(
        run=run,
        injected=_packed(result.injected_wh),
        withdrawn=_packed(result.withdrawn_wh),
        shared=_packed(result.shared_wh),
        taken=_packed(result.taken_wh),
    )


def _contribution_totals(run: SettlementRun, booked: MonthResult | Correction) -> Iterable[ContributionTotal]:
    if isinstance(booked, Correction):
        for contribution, cents in booked.amounts.items():
            month_cents = booked.month_amounts[contribution]
            yield ContributionTotal(run=run, contribution=contribution.value, amount_cents=cents, month_cents=month_cents)
    else:
        for name, cents in contribution_amounts(booked).items():
            yield ContributionTotal(run=run, contribution=name, amount_cents=cents)


def contribution_amounts(result: MonthResult) -> dict[str, int]:
    """Cents per contribution, as they are split: the premium without its excess (settlement-rules 7)."""
    return {
        Contribution.PREMIUM.value: result.premium_cents,
        Contribution.VALORISATION.value: result.valorisation_cents,
        Contribution.EXCESS.value: result.excess_cents,
    }


LEDGER_COLUMNS = [
    "run_id",
    "position",
    "contribution",
    "block",
    "member_id",
    "account",
    "cents",
    "block_cents",
    "key",
    "weight",
    "weight_total",
    "percent",
]
MEMBER_COLUMNS = [
    "run_id",
    "member_id",
    "injected_wh",
    "withdrawn_wh",
    "shared_wh",
    "incentivised_wh",
    "premium_cents",
    "valorisation_cents",
    "excess_cents",
]
# Sent as binary, which needs the types: the packed days are most of the bytes, and text would double them.
POINT_COLUMNS = {
    "run_id": "int8",
    "member_id": "int8",
    "pod": "varchar",
    "valid_from": "date",
    "valid_to": "date",
    "withdrawn_wh": "int8",
    "injected_wh": "int8",
    "shared_wh": "int8",
    "missing_hours": "int2",
    "days": "bytea",
}


def _copy(model: type[Any], columns: Sequence[str] | Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as text, or as binary where the columns come with their types."""
    names = ", ".join(f'"{name}"' for name in columns)
    types = list(columns.values()) if isinstance(columns, Mapping) else None
    statement = f'COPY "{model._meta.db_table}" ({names}) FROM STDIN' + (" (FORMAT BINARY)" if types else "")
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        if types:
            copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _ledger_rows(run: SettlementRun, booked: MonthResult | Correction, members: dict[str, int]) -> Iterable[tuple[Any, ...]]:
    for position, line in enumerate(booked.lines):
        yield (
            run.pk,
            position,
            line.contribution.value,
            line.block,
            members[line.member] if line.member else None,
            line.account,
            line.cents,
            line.block_cents,
            line.key,
            line.weight,
            line.weight_total,
            line.percent,
        )


def _member_rows(run: SettlementRun, booked: MonthResult | Correction, members: dict[str, int]) -> Iterable[tuple[Any, ...]]:
    for row in booked.members:
        yield (
            run.pk,
            members[row.code],
            row.injected_wh,
            row.withdrawn_wh,
            row.shared_wh,
            row.incentivised_wh,
            row.premium_cents,
            row.valorisation_cents,
            row.excess_cents,
        )


def _point_rows(
    run: SettlementRun, inputs: MonthInputs, result: MonthResult, members: dict[str, int]
) -> Iterable[tuple[Any, ...]]:
    energy = daily_energy(inputs)
    days = _point_days(inputs, result, energy)
    withdrawn_wh, injected_wh, shared_wh = days[:, :3].sum(axis=2).T.tolist()
    packed = _packed(days)
    size = days.nbytes // max(1, len(days))
    for i, point in enumerate(inputs.points):
        yield (
            run.pk,
            members[point.member],
            point.pod,
            point.valid_from,
            point.valid_to,
            withdrawn_wh[i],
            injected_wh[i],
            shared_wh[i],
            energy.missing_hours_of(point),
            packed[i * size : (i + 1) * size],
        )


def _point_days(inputs: MonthInputs, result: MonthResult, energy: DailyEnergy) -> NDArray[np.int64]:
    """Wh per point and local day, (P, 4, D): withdrawn, injected, shared, and taken by the plants behind the point."""
    first_hours = first_hours_of_days(inputs.year, inputs.month)
    days = np.zeros((len(inputs.points), 4, first_hours.size), np.int64)
    days[:, 0] = energy.withdrawn_wh
    np.add.reduceat(result.point_shared_wh, first_hours, axis=1, out=days[:, 2])
    position = {plant.code: i for i, plant in enumerate(result.plants)}
    for row, injected_wh in zip(inputs.injections, energy.injected_wh, strict=True):
        point = inputs.points[row.point]
        held = np.zeros(result.hours, np.int64)
        hours = slice(point.first_hour, point.last_hour)
        held[hours] = result.taken_wh[position[inputs.plants[row.plant].code], hours]
        days[row.point, 1] += injected_wh
        days[row.point, 3] += np.add.reduceat(held, first_hours)
    return days


def _plant_rows(run: SettlementRun, inputs: MonthInputs, result: MonthResult, plants: dict[str, int]) -> Iterable[PlantResult]:
    granted = {plant.code: plant.grant_intensity > 0 for plant in inputs.plants}
    for position, row in enumerate(result.plants):
        yield PlantResult(
            run=run,
            plant_id=plants[row.code],
            position=position,
            injected_wh=row.injected_wh,
            taken_wh=row.taken_wh,
            incentivised_wh=row.incentivised_wh,
            exempt_wh=row.exempt_wh,
            premium_cents=row.premium_cents,
            facts={
                "base_ueur_per_mwh": row.base_ueur_per_mwh,
                "cap_ueur_per_mwh": row.cap_ueur_per_mwh,
                "correction_ueur_per_mwh": row.correction_ueur_per_mwh,
                "reduction": str(row.reduction),
                "obligation_share": str(row.obligation_share),
                "not_incentivised_because": row.not_incentivised_because,
                "granted": granted[row.code],
            },
        )


def _packed(array: NDArray[np.int64]) -> bytes:
    return np.ascontiguousarray(array, "<i8").tobytes()


def line_of_entry(entry: LedgerEntry, member: str) -> Line:
    """Return an entry of the ledger as the engine posted it: to `member` (a code) or to an account."""
    return Line(
        contribution=Contribution(entry.contribution),
        block=entry.block,
        member="" if entry.account else member,
        account=entry.account,
        cents=entry.cents,
        block_cents=entry.block_cents,
        key=entry.key,
        weight=int(entry.weight),
        weight_total=int(entry.weight_total),
        percent=entry.percent,
    )


def unpack_wh(packed: bytes | memoryview, rows: int = 1) -> NDArray[np.int64]:
    """What `_packed` wrote: (n,) for one row, (rows, n) for more."""
    flat = np.frombuffer(packed, "<i8").astype(np.int64)
    return flat if rows == 1 else flat.reshape(rows, -1)
