"""The same facts give the same bytes: whatever the order of rows, the hash seed, the number of threads."""

import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from apps.engine.digest import inputs_sha256, result_sha256
from apps.engine.errors import InputsInconsistent
from apps.engine.inputs import Injection, MonthInputs, Voltage
from apps.engine.ordering import canonical
from apps.engine.settlement import settle
from tests.engine.random_communities import random_inputs

ROOT = Path(__file__).resolve().parents[2]
SEED = 7


def shuffled(inputs: MonthInputs, seed: int) -> MonthInputs:
    """Return the same facts as a careless builder might give them: every row in another place, indexes renumbered."""
    dice = random.Random(seed)

    def order(count: int) -> list[int]:
        return dice.sample(range(count), count)

    points, plants, rows, zones = (order(len(part)) for part in (inputs.points, inputs.plants, inputs.injections, inputs.zones))
    injections = [Injection(points.index(row.point), plants.index(row.plant)) for row in inputs.injections]
    rules = inputs.parameters
    distribution = inputs.distribution
    return replace(
        inputs,
        members=tuple(inputs.members[i] for i in order(len(inputs.members))),
        points=tuple(inputs.points[i] for i in points),
        plants=tuple(inputs.plants[i] for i in plants),
        injections=tuple(injections[i] for i in rows),
        withdrawn_wh=inputs.withdrawn_wh[points],
        withdrawn_quality=inputs.withdrawn_quality[points],
        injected_wh=inputs.injected_wh[rows],
        injected_quality=inputs.injected_quality[rows],
        zones=tuple(inputs.zones[i] for i in zones),
        prices_ueur_per_mwh=inputs.prices_ueur_per_mwh[zones],
        year_to_date=inputs.year_to_date[::-1],
        accepted_missing=inputs.accepted_missing[::-1],
        parameters=replace(
            rules,
            tariff_classes=rules.tariff_classes[::-1],
            regional_correction_eur_per_mwh=rules.regional_correction_eur_per_mwh[::-1],
            grant_exempt_kinds=rules.grant_exempt_kinds[::-1],
            avoided_losses_by_voltage=rules.avoided_losses_by_voltage[::-1],
            enterprise_kinds=rules.enterprise_kinds[::-1],
            price_reference_eur_per_mwh=Decimal("180.000"),
        ),
        distribution=replace(
            distribution,
            premium=replace(distribution.premium, fixed=distribution.premium.fixed[::-1]),
            valorisation=replace(distribution.valorisation, fixed=distribution.valorisation.fixed[::-1]),
        ),
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_order_in_which_facts_arrive_does_not_matter(seed: int) -> None:
    inputs = random_inputs(seed)
    mixed = shuffled(inputs, seed)
    assert inputs_sha256(mixed) == inputs_sha256(inputs)
    assert result_sha256(settle(canonical(mixed))) == result_sha256(settle(inputs))


def test_an_input_in_order_is_not_copied() -> None:
    inputs = random_inputs(SEED)
    assert canonical(inputs).withdrawn_wh is inputs.withdrawn_wh


def test_settling_does_not_touch_its_input() -> None:
    inputs = random_inputs(SEED)
    before = inputs_sha256(inputs)
    for array in (
        inputs.withdrawn_wh,
        inputs.withdrawn_quality,
        inputs.injected_wh,
        inputs.injected_quality,
        inputs.prices_ueur_per_mwh,
    ):
        array.setflags(write=False)
    assert result_sha256(settle(inputs)) == result_sha256(settle(inputs))
    assert inputs_sha256(inputs) == before


def test_hash_seeds_and_thread_counts_do_not_matter() -> None:
    program = (
        "from tests.engine.random_communities import random_inputs as r; from apps.engine.settlement import settle;"
        "from apps.engine.digest import inputs_sha256 as i, result_sha256 as s;"
        "print(*[i(r(n)) + s(settle(r(n))) for n in range(5)])"
    )
    printed = set()
    for seed, threads in (("0", "1"), ("1", "2"), ("12345", "8")):
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), threads)
        environment = {**os.environ, **limits, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        printed.add(run.stdout)
    assert len(printed) == 1
    here = [inputs_sha256(random_inputs(n)) + result_sha256(settle(random_inputs(n))) for n in range(5)]
    assert printed == {" ".join(here) + "\n"}


def test_every_fact_counts() -> None:
    inputs = random_inputs(SEED)
    known = {inputs_sha256(inputs)}
    energy, quality, price = inputs.withdrawn_wh.copy(), inputs.withdrawn_quality.copy(), inputs.prices_ueur_per_mwh.copy()
    energy[0, 0] += 1
    quality[0, 0] ^= 1
    price[0, 0] += 1
    point = inputs.points[0]
    other_voltage = Voltage.HIGH if point.voltage is not Voltage.HIGH else Voltage.LOW
    changed = [
        replace(inputs, withdrawn_wh=energy),
        replace(inputs, withdrawn_quality=quality),
        replace(inputs, prices_ueur_per_mwh=price),
        replace(inputs, configuration="CER-OTHER"),
        replace(inputs, points=(replace(point, voltage=other_voltage), *inputs.points[1:])),
        replace(inputs, points=(replace(point, valid_to=date(2030, 1, 1)), *inputs.points[1:])),
        replace(inputs, parameters=replace(inputs.parameters, trase_eur_per_mwh=None)),
        replace(inputs, parameters=replace(inputs.parameters, grant_limit=Decimal("0.41"))),
    ]
    for one in changed:
        known.add(inputs_sha256(one))
    assert len(known) == len(changed) + 1


def test_equal_numbers_written_differently_are_equal() -> None:
    inputs = random_inputs(SEED)
    same = replace(inputs, parameters=replace(inputs.parameters, grant_limit=Decimal("0.4000")))
    assert inputs_sha256(same) == inputs_sha256(inputs)


def test_a_text_or_a_whole_number_of_another_type_counts_by_value() -> None:
    class Text(str):
        __slots__ = ()

    class Whole(int):
        __slots__ = ()

    inputs = random_inputs(SEED)
    same = replace(inputs, configuration=Text(inputs.configuration), year=Whole(inputs.year))
    assert inputs_sha256(same) == inputs_sha256(inputs)


def test_every_number_of_a_result_counts() -> None:
    result = settle(random_inputs(SEED))
    shared = result.point_shared_wh.copy()
    shared[0, 0] += 1
    line = replace(result.lines[0], cents=result.lines[0].cents + 1)
    losses = replace(result.valorisation, avoided_losses_cents_unrounded=Fraction(1, 3))
    changed = [
        replace(result, point_shared_wh=shared),
        replace(result, lines=(line, *result.lines[1:])),
        replace(result, valorisation=losses),
    ]
    assert len({result_sha256(one) for one in (result, *changed)}) == 4


def test_a_transposed_array_has_the_digest_of_its_values() -> None:
    result = settle(random_inputs(SEED))
    turned = replace(result, taken_wh=np.asfortranarray(result.taken_wh))
    assert result_sha256(turned) == result_sha256(result)


def test_a_float_has_no_digest() -> None:
    result = settle(random_inputs(SEED))
    with pytest.raises(InputsInconsistent, match="A float has no place"):
        result_sha256(replace(result, excess_cents=0.5))  # type: ignore[arg-type]
