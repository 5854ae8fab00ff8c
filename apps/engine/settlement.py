"""Settle one configuration and month: one frozen input in, one frozen result out, nothing else touched."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from apps.engine.consistency import check_inputs
from apps.engine.distribution import Members, split, split_excess
from apps.engine.energy import hourly_energy, refuse_missing
from apps.engine.excess import excess_sets
from apps.engine.inputs import Contribution, MonthInputs
from apps.engine.premium import exempt_energy, premium_cents
from apps.engine.results import Line, MemberResult, MonthResult, PlantResult
from apps.engine.sharing import Sharing, attribute, cascade_order, share
from apps.engine.tariff import Terms, terms_of
from apps.engine.valorisation import given_valorisation, valorise


def settle(inputs: MonthInputs) -> MonthResult:
    """Return the settled month: energy of every hour, amounts per contribution, postings per member and account.

    Contributions that the input gives are split as they are, in place of the engine's own; energies are always its own.
    Pure: the same input gives the same result, byte for byte, on any machine. Shapes and units are those of `MonthInputs` and
    `MonthResult`. Laws that hold for every result: per hour Σ plants = Σ consumers = shared; per contribution Σ members +
    Σ accounts = amount, to the cent.
    Errors, all `RuleViolation`: `InputsInconsistent`, `PointsOverlap`, `NegativeEnergy`, `MeasuresMissing`, `InvalidPlant`,
    `InvalidIdentifier`, `PriceMissing`, `ParameterMissing`, `InvalidDistribution`, `NegativeWeight`.
    """
    check_inputs(inputs)
    terms = tuple(terms_of(plant, inputs.parameters) for plant in inputs.plants)
    order = cascade_order(inputs, terms)
    energy = hourly_energy(inputs)
    refuse_missing(inputs, energy.missing)
    sharing = share(inputs, order, energy.withdrawn_wh, energy.injected_wh)
    valorisation = given_valorisation(inputs, sharing.shared_wh) or valorise(
        inputs, order, sharing.shared_wh, energy.withdrawn_wh, energy.injected_wh
    )
    point_withdrawn = energy.withdrawn_wh.sum(axis=1)
    point_shared = attribute(sharing.shared_wh, energy.withdrawn_wh)  # from here on the withdrawals of single hours are gone
    plants = _plant_results(inputs, order, terms, sharing, point_shared)
    sets = excess_sets(inputs, plants)
    gross = sum(plant.premium_cents for plant in plants)
    excess = _given_or(inputs, Contribution.EXCESS, sum(row.excess_month_cents for row in sets))
    premium = _premium_to_split(inputs, gross, excess)
    members = _members(inputs, order, terms, sharing.taken_wh, energy.injected_wh, point_withdrawn, point_shared)
    eligible = [kind not in inputs.parameters.enterprise_kinds for _, kind in inputs.members]
    rule = inputs.distribution
    postings = (
        split(Contribution.PREMIUM, premium, rule.premium, members),
        split(Contribution.VALORISATION, valorisation.amount_cents, rule.valorisation, members),
        split_excess(excess, rule.excess, members, eligible),
    )
    return MonthResult(
        hours=sharing.shared_wh.size,
        missing_hours=sum(row.hours for row in energy.missing),
        missing=energy.missing,
        injected_wh=sharing.injected_wh,
        withdrawn_wh=sharing.withdrawn_wh,
        shared_wh=sharing.shared_wh,
        taken_wh=sharing.taken_wh,
        point_shared_wh=point_shared,
        plants=plants,
        members=_member_results(members, postings),
        premium_gross_cents=gross,
        premium_cents=premium,
        valorisation=valorisation,
        excess_sets=sets,
        excess_cents=excess,
        lines=tuple(chain.from_iterable(postings)),
    )


def _premium_to_split(inputs: MonthInputs, gross_cents: int, excess_cents: int) -> int:
    """Return the premium without its excess. Given alone it still includes it, as what GSE pays does (settlement-rules 5)."""
    given = inputs.given_amount(Contribution.PREMIUM)
    if given is None:
        return gross_cents - excess_cents
    return given.cents if inputs.given_amount(Contribution.EXCESS) else given.cents - excess_cents


def _given_or(inputs: MonthInputs, contribution: Contribution, own_cents: int) -> int:
    given = inputs.given_amount(contribution)
    return own_cents if given is None else given.cents


def _plant_results(
    inputs: MonthInputs, order: tuple[int, ...], terms: tuple[Terms, ...], sharing: Sharing, point_shared: NDArray[np.int64]
) -> tuple[PlantResult, ...]:
    """Return the plants in cascade order, each with its premium rounded once, or as it was given by plant."""
    exempt = exempt_energy(inputs, order, terms, sharing.taken_wh, point_shared)
    given = inputs.given_amount(Contribution.PREMIUM)
    by_plant = dict(given.by_plant) if given else {}
    results = []
    for n, index in enumerate(order):
        plant, own = inputs.plants[index], terms[index]
        taken = int(sharing.taken_wh[n].sum())
        results.append(
            PlantResult(
                code=plant.code,
                injected_wh=int(sharing.plant_injected_wh[n].sum()),
                taken_wh=taken,
                incentivised_wh=taken if own.earns else 0,
                exempt_wh=int(exempt[n].sum()),
                premium_cents=by_plant[plant.code]
                if by_plant
                else premium_cents(inputs, plant, own, sharing.taken_wh[n], exempt[n]),
                base_ueur_per_mwh=own.base_ueur_per_mwh,
                cap_ueur_per_mwh=own.cap_ueur_per_mwh,
                correction_ueur_per_mwh=own.correction_ueur_per_mwh,
                reduction=own.reduction,
                obligation_share=own.obligation_share,
                not_incentivised_because=own.not_because,
            )
        )
    return tuple(results)


def _members(
    inputs: MonthInputs,
    order: tuple[int, ...],
    terms: tuple[Terms, ...],
    taken: NDArray[np.int64],
    injected: NDArray[np.int64],
    point_withdrawn: NDArray[np.int64],
    point_shared: NDArray[np.int64],
) -> Members:
    """Return the energy of each member: the sums over the hours in which the point was theirs.

    Shapes: `taken` (N, H), `injected` (J, H), `point_withdrawn` (P,), `point_shared` (P, H), int64 Wh.
    """
    codes = [code for code, _ in inputs.members]
    of_member = {code: i for i, code in enumerate(codes)}
    point_member = [of_member[point.member] for point in inputs.points]
    row_member = [point_member[row.point] for row in inputs.injections]
    place = {plant: n for n, plant in enumerate(order)}
    incentivised = []
    for row in inputs.injections:
        point = inputs.points[row.point]
        held = taken[place[row.plant], point.first_hour : point.last_hour]
        incentivised.append(int(held.sum()) if terms[row.plant].earns else 0)
    return Members(
        codes=codes,
        injected_wh=_per_member(injected.sum(axis=1).tolist(), row_member, len(codes)),
        withdrawn_wh=_per_member(point_withdrawn.tolist(), point_member, len(codes)),
        shared_wh=_per_member(point_shared.sum(axis=1).tolist(), point_member, len(codes)),
        incentivised_wh=_per_member(incentivised, row_member, len(codes)),
    )


def _per_member(energies: Sequence[int], member_of_row: Sequence[int], count: int) -> list[int]:
    totals = [0] * count
    for energy, member in zip(energies, member_of_row, strict=True):
        totals[member] += energy
    return totals


def _member_results(members: Members, postings: tuple[list[Line], list[Line], list[Line]]) -> tuple[MemberResult, ...]:
    """Return what each member gets per contribution: the sums of their postings of premium, valorisation and excess."""
    place = {code: i for i, code in enumerate(members.codes)}
    premium, valorisation, excess = (_cents_per_member(lines, place) for lines in postings)
    return tuple(
        MemberResult(
            code=code,
            injected_wh=members.injected_wh[i],
            withdrawn_wh=members.withdrawn_wh[i],
            shared_wh=members.shared_wh[i],
            incentivised_wh=members.incentivised_wh[i],
            premium_cents=premium[i],
            valorisation_cents=valorisation[i],
            excess_cents=excess[i],
        )
        for i, code in enumerate(members.codes)
    )


def _cents_per_member(lines: Sequence[Line], place: dict[str, int]) -> list[int]:
    totals = [0] * len(place)
    for line in lines:
        if line.member:
            totals[place[line.member]] += line.cents
    return totals
