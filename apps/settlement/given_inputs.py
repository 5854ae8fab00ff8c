"""Gather: the inputs of runs whose amounts are not the engine's own: GSE's advance, and the nothing that a reversal leaves."""

from collections.abc import Collection, Sequence
from datetime import date

import numpy as np
from django.utils.translation import gettext as _

from apps.communities.queries import get_distribution, get_perimeter
from apps.engine.advance import advance_of
from apps.engine.calendar import QUARTERS_PER_HOUR, hours_in_month
from apps.engine.inputs import (
    AmountSource,
    Contribution,
    GivenAmount,
    Kind,
    MonthInputs,
    Plant,
    Point,
    RuleParameters,
    RunKind,
)
from apps.engine.ordering import canonical
from apps.settlement.errors import GsePublicationMissing
from apps.settlement.gse.queries import get_amounts_source, get_published_amounts
from apps.settlement.gse_parameters import get_advance_parameters
from apps.settlement.models import AmountsChoice, SettlementRun
from apps.settlement.parameters import get_rule_parameters


def get_given_amounts(
    run: SettlementRun, points: Sequence[Point], plants: Sequence[Plant], parameters: RuleParameters
) -> tuple[GivenAmount, ...]:
    """What comes to a run from outside: GSE's advance to an advance, what GSE published to a final run and its corrections.

    Errors: those of `get_advance_amounts` and `get_published`.
    """
    if run.settled_as == SettlementRun.Kind.ADVANCE:
        held = {point.pod for point in points if point.first_hour == 0}
        return get_advance_amounts(plants, parameters, held=held, on=run.month)
    return get_published(run) if run.settled_as == SettlementRun.Kind.FINAL else ()


def get_advance_amounts(
    plants: Sequence[Plant], parameters: RuleParameters, *, held: Collection[str], on: date
) -> tuple[GivenAmount, ...]:
    """What GSE advances for these plants, plant by plant (settlement-rules 6). An advance has no excess.

    A plant that on the first day of the month is not in operation yet, or whose POD is not held (`held`) by anybody of the
    configuration, gets nothing: the rules do not say what a month is worth that begins in the middle.
    Errors: `ParameterUnknown`, and those of `apps.engine.advance.advance_of`.
    """
    estimate = get_advance_parameters(on=on)
    rows = []
    for plant in sorted(plants, key=lambda plant: plant.code):
        runs = plant.entered_operation_on <= on and plant.pod in held
        found = advance_of(plant, parameters, estimate) if runs else None
        rows.append((plant.code, found.premium_cents if found else 0, found.valorisation_cents if found else 0))
    premium = tuple((code, cents) for code, cents, _ in rows)
    valorisation = tuple((code, cents) for code, _, cents in rows)
    source = AmountSource.GSE_ADVANCE
    return (
        GivenAmount(Contribution.EXCESS, 0, source),
        GivenAmount(Contribution.PREMIUM, sum(cents for _code, cents in premium), source, premium),
        GivenAmount(Contribution.VALORISATION, sum(cents for _code, cents in valorisation), source, valorisation),
    )


def get_published(run: SettlementRun) -> tuple[GivenAmount, ...]:
    """GSE's amounts of the month where the configuration divides them; its certified excess always (settlement-rules 5).

    A contribution of which GSE said nothing is the engine's own. Errors: `GsePublicationMissing` before the true-up.
    """
    source = get_amounts_source(configuration_id=run.configuration_id, month=run.month)
    published = get_published_amounts(configuration_id=run.configuration_id, month=run.month)
    divides = source == AmountsChoice.Source.GSE
    if divides and (published is None or not published.has_true_up):
        raise GsePublicationMissing(
            _(
                "Run %(month)s of %(configuration)s cannot start: it divides GSE's amounts, and GSE's true-up is not there. "
                "Import what GSE published, or choose the own amounts for the month, then retry the run."
            )
            % {"month": run.month_text, "configuration": run.configuration.code}
        )
    if published is None:
        return ()
    cents = {Contribution.EXCESS: published.excess_cents}
    if divides:
        cents |= {Contribution.PREMIUM: published.premium_cents, Contribution.VALORISATION: published.valorisation_cents}
    return tuple(
        GivenAmount(contribution, amount, AmountSource.GSE_PUBLISHED)
        for contribution, amount in sorted(cents.items())
        if amount is not None
    )


def get_reversal_inputs(run: SettlementRun) -> MonthInputs:
    """The month as if it had never been: no point, no plant, no energy. What it posted comes back as a difference to it."""
    year, month = run.month.year, run.month.month
    hours = hours_in_month(year, month)
    slots = QUARTERS_PER_HOUR * hours
    return canonical(
        MonthInputs(
            configuration=run.configuration.code,
            kind=Kind(run.configuration.kind),
            run_kind=RunKind.REVERSAL,
            year=year,
            month=month,
            members=get_perimeter(run.configuration, year, month).members,
            points=(),
            plants=(),
            injections=(),
            withdrawn_wh=np.zeros((0, slots), np.int32),
            withdrawn_quality=np.zeros((0, slots), np.uint8),
            injected_wh=np.zeros((0, slots), np.int32),
            injected_quality=np.zeros((0, slots), np.uint8),
            zones=(),
            prices_ueur_per_mwh=np.zeros((0, hours), np.int64),
            distribution=get_distribution(run.configuration, year, month),
            parameters=get_rule_parameters(on=run.month),
        )
    )
