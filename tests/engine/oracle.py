"""The same rules a second time: slow, exact, and sharing nothing with the engine but the shape of its input.

Written from settlement-rules.md alone, with fractions and dictionaries, hour by hour. It reads the attributes of a
`MonthInputs` and returns plain dictionaries; it imports nothing from `apps`, decides by itself in which hours a point is
valid, and takes its calendar from the time zone database. Where it and the engine differ, one of the two is wrong.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")
RENEWABLE = {"photovoltaic", "wind", "hydro", "biogas", "biomass"}
LEVELS = ["BT", "MT", "AT", "AAT"]


class Refused(Exception):
    """The oracle's word for any refusal that it knows about."""


def half_up(value: Fraction) -> int:
    """Whole part of |value| + 1/2, with the sign of the value."""
    size = abs(value) + Fraction(1, 2)
    whole = size.numerator // size.denominator
    return -whole if value < 0 else whole


def divide(amount: int, weights: list[int]) -> list[int] | None:
    """Largest remainder: everybody gets the whole part of the exact share, the rest one by one to the largest fractions."""
    total = sum(weights)
    if total == 0:
        return None
    sign = -1 if amount < 0 else 1
    exact = [Fraction(abs(amount) * weight, total) for weight in weights]
    given = [share.numerator // share.denominator for share in exact]
    while sum(given) < abs(amount):
        # the first of those who are furthest below their exact share
        best = max(range(len(given)), key=lambda i: (exact[i] - given[i], -i))
        given[best] += 1
    return [sign * part for part in given]


def local_days(year: int, month: int) -> list[date]:
    """The local date of each hour of the month, in order of time."""
    at = datetime(year, month, 1, tzinfo=ROME).astimezone(UTC)
    days = []
    while (local := at.astimezone(ROME)).month == month:
        days.append(local.date())
        at += timedelta(hours=1)
    return days


def settle(inputs: Any) -> dict[str, Any]:
    rules = inputs.parameters
    days = local_days(inputs.year, inputs.month)
    hours = range(len(days))

    def holds(point: Any, hour: int) -> bool:
        return point.valid_from <= days[hour] and (point.valid_to is None or days[hour] < point.valid_to)

    # 2.2, 2.3, 2.9: quarters to hours, only where the point is valid, unknown counted
    unknown: dict[str, set[int]] = defaultdict(set)

    def curve(energy: Any, quality: Any, point: Any) -> list[int]:
        energy, quality = energy.tolist(), quality.tolist()
        result = [0] * len(days)
        for hour in hours:
            if not holds(point, hour):
                continue
            quarters = range(4 * hour, 4 * hour + 4)
            if any(quality[quarter] in (0, 4) for quarter in quarters):  # missing, suspect
                unknown[point.pod].add(hour)
            else:
                result[hour] = sum(energy[quarter] for quarter in quarters)
        return result

    drawn = []
    for i, point in enumerate(inputs.points):
        row = curve(inputs.withdrawn_wh[i], inputs.withdrawn_quality[i], point)
        if point.storage_efficiency is not None:
            row = [half_up(wh * Fraction(point.storage_efficiency)) for wh in row]
        drawn.append(row)
    fed = [
        curve(inputs.injected_wh[j], inputs.injected_quality[j], inputs.points[row.point])
        for j, row in enumerate(inputs.injections)
    ]
    missing = {pod: len(found) for pod, found in unknown.items()}
    if str(inputs.run_kind) == "final" and any(pod not in inputs.accepted_missing for pod in missing):
        raise Refused("missing measures")

    # 2.6: who earns
    def why_not(plant: Any) -> str:
        if plant.source not in RENEWABLE:
            return "not_renewable"
        if plant.power_kw > rules.incentive_max_power_kw:
            return "too_large"
        if plant.entered_operation_on < rules.incentive_starts_on:
            return "existing"
        if plant.grant_intensity > rules.grant_limit:
            return "grant_too_high"
        return ""

    reasons = [why_not(plant) for plant in inputs.plants]
    queue = sorted(range(len(inputs.plants)), key=lambda p: (inputs.plants[p].entered_operation_on, inputs.plants[p].code))
    if not rules.existing_plants_in_cascade:
        queue = [p for p in queue if not reasons[p]] + [p for p in queue if reasons[p]]

    # 2.4, 2.5, 2.7 hour by hour
    plant_fed = [[0] * len(days) for _ in inputs.plants]
    for j, row in enumerate(inputs.injections):
        for hour in hours:
            plant_fed[row.plant][hour] += fed[j][hour]
    injected, withdrawn, shared = [], [], []
    taken = [[0] * len(days) for _ in inputs.plants]
    consumed = [[0] * len(days) for _ in inputs.points]
    for hour in hours:
        injected.append(sum(row[hour] for row in plant_fed))
        withdrawn.append(sum(row[hour] for row in drawn))
        shared.append(min(injected[hour], withdrawn[hour]))
        free = withdrawn[hour]
        for p in queue:
            taken[p][hour] = min(plant_fed[p][hour], free)
            free -= taken[p][hour]
        if shared[hour]:
            for i, part in enumerate(divide(shared[hour], [row[hour] for row in drawn]) or []):
                consumed[i][hour] = part

    # 3: the premium
    def price(zone: str, hour: int) -> Fraction:
        return Fraction(int(inputs.prices_ueur_per_mwh[inputs.zones.index(zone)][hour]), 10**6)

    def terms(plant: Any) -> dict[str, Fraction]:
        classes = sorted((row.max_power_kw, row.base_eur_per_mwh, row.cap_eur_per_mwh) for row in rules.tariff_classes)
        _, base, cap = next(row for row in classes if plant.power_kw <= row[0])
        correction = Fraction(0)
        if plant.source == "photovoltaic":
            correction = Fraction(dict(rules.regional_correction_eur_per_mwh).get(plant.region, 0))
        reduction = Fraction(rules.grant_reduction_at_limit) * Fraction(plant.grant_intensity) / Fraction(rules.grant_limit)
        paid = (Fraction(plant.power_kw) - Fraction(plant.obligation_power_kw)) / Fraction(plant.power_kw)
        return {"base": Fraction(base), "cap": Fraction(cap), "correction": correction, "reduction": reduction, "paid": paid}

    exempt = [[0] * len(days) for _ in inputs.plants]
    exempt_points = [i for i, point in enumerate(inputs.points) if point.member_kind in rules.grant_exempt_kinds]
    for hour in hours:
        left = sum(consumed[i][hour] for i in exempt_points)
        for p in queue:
            if not reasons[p] and inputs.plants[p].grant_intensity > 0:
                exempt[p][hour] = min(taken[p][hour], left)
                left -= exempt[p][hour]
    premium = [0] * len(inputs.plants)
    plants = []
    for p in queue:
        plant = inputs.plants[p]
        own = {"base": Fraction(0), "cap": Fraction(0), "correction": Fraction(0), "reduction": Fraction(0), "paid": Fraction(0)}
        if not reasons[p]:
            own = terms(plant)
            euros = Fraction(0)
            for hour in hours:
                if taken[p][hour]:
                    spread = max(Fraction(0), Fraction(rules.price_reference_eur_per_mwh) - price(plant.market_zone, hour))
                    tariff = min(own["cap"], own["base"] + spread) + own["correction"]
                    charged = taken[p][hour] - exempt[p][hour]
                    euros += Fraction(charged, 10**6) * tariff * (1 - own["reduction"])
                    euros += Fraction(exempt[p][hour], 10**6) * tariff
            premium[p] = half_up(euros * own["paid"] * 100)
        plants.append(
            {
                "code": plant.code,
                "injected_wh": sum(plant_fed[p]),
                "taken_wh": sum(taken[p]),
                "incentivised_wh": 0 if reasons[p] else sum(taken[p]),
                "exempt_wh": sum(exempt[p]),
                "premium_cents": premium[p],
                "base_ueur_per_mwh": own["base"] * 10**6,
                "cap_ueur_per_mwh": own["cap"] * 10**6,
                "correction_ueur_per_mwh": own["correction"] * 10**6,
                "reduction": own["reduction"],
                "obligation_share": own["paid"],
                "not_incentivised_because": reasons[p],
            }
        )
    gross = sum(premium)

    # 4: the valorisation
    if rules.trase_eur_per_mwh is None:
        raise Refused("no TRASE")
    euros = Fraction(rules.trase_eur_per_mwh) * Fraction(sum(shared), 10**6)
    building_wh, losses = 0, Fraction(0)
    if str(inputs.kind) == "group":
        if rules.btau_eur_per_mwh is None:
            raise Refused("no BTAU")
        coefficients = dict(rules.avoided_losses_by_voltage)
        for hour in hours:
            inside = [j for j, row in enumerate(inputs.injections) if inputs.plants[row.plant].in_building]
            building_wh += min(sum(fed[j][hour] for j in inside), withdrawn[hour])
            used = 0
            for rank, level in enumerate(LEVELS):
                lower = LEVELS[: rank + 1]
                free = sum(drawn[i][hour] for i, point in enumerate(inputs.points) if str(point.voltage) in lower) - used
                for p in queue:
                    offer = sum(
                        fed[j][hour]
                        for j in inside
                        if inputs.injections[j].plant == p and str(inputs.points[inputs.injections[j].point].voltage) == level
                    )
                    part = min(offer, free)
                    free -= part
                    used += part
                    if part and level in coefficients:
                        pz = price(inputs.plants[p].market_zone, hour)
                        losses += Fraction(part, 10**6) * Fraction(coefficients[level]) * pz
        euros += Fraction(rules.btau_eur_per_mwh) * Fraction(building_wh, 10**6) + losses
    valorisation = half_up(euros * 100)

    # 5: the excess
    sets, excess = [], 0
    for granted in (False, True):
        own_plants = [p for p in queue if not reasons[p] and (inputs.plants[p].grant_intensity > 0) == granted]
        past = [row for row in inputs.year_to_date if row.granted == granted]
        if not own_plants and not past:
            continue
        in_wh = sum(sum(plant_fed[p]) for p in own_plants) + sum(row.injected_wh for row in past)
        eaci = sum(sum(taken[p]) for p in own_plants) + sum(row.incentivised_wh for row in past)
        paid_cents = sum(premium[p] for p in own_plants) + sum(row.premium_cents for row in past)
        limit = Fraction(rules.excess_threshold_with_grant if granted else rules.excess_threshold_without_grant)
        year = 0 if in_wh == 0 else half_up(max(Fraction(0), Fraction(eaci, in_wh) - limit) * paid_cents)
        month = year - sum(row.excess_cents for row in past)
        sets.append((granted, in_wh, eaci, paid_cents, year, month))
        excess += month

    # who is who
    codes = [code for code, _ in inputs.members]
    kinds = dict(inputs.members)
    energy = {code: {"injected": 0, "withdrawn": 0, "coincident": 0, "incentivised": 0} for code in codes}
    for i, point in enumerate(inputs.points):
        energy[point.member]["withdrawn"] += sum(drawn[i])
        energy[point.member]["coincident"] += sum(consumed[i])
    for j, row in enumerate(inputs.injections):
        point = inputs.points[row.point]
        energy[point.member]["injected"] += sum(fed[j])
        if not reasons[row.plant]:
            energy[point.member]["incentivised"] += sum(taken[row.plant][hour] for hour in hours if holds(point, hour))

    # 7: the split
    def weights(key: str, producers: bool, fixed: Any) -> list[int]:
        if key == "fixed":
            shares = {code: Fraction(share) for code, share in fixed}
            scale = 10**40
            return [int(shares.get(code, Fraction(0)) * scale) for code in codes]
        if key == "equal":
            return [int(energy[code]["injected" if producers else "withdrawn"] > 0) for code in codes]
        return [energy[code][key] for code in codes]

    postings: dict[tuple[str, str, str, str], int] = defaultdict(int)

    def split(contribution: str, amount: int, rule: Any) -> None:
        rest = amount
        for row in rule.deductions:
            part = half_up(Fraction(amount) * Fraction(row.percent) / 100)
            postings[contribution, "deduction", "", row.account] += part
            rest -= part
        producers = half_up(Fraction(rest) * Fraction(rule.producers_percent) / 100)
        for block, cents, key in (
            ("producers", producers, rule.producers_key),
            ("consumers", rest - producers, rule.consumers_key),
        ):
            parts = divide(cents, weights(key, block == "producers", rule.fixed))
            if parts is None:
                postings[contribution, "undistributed", "", "undistributed"] += cents
            else:
                for code, part in zip(codes, parts, strict=True):
                    postings[contribution, block, code, ""] += part

    split("premium", gross - excess, inputs.distribution.premium)
    split("valorisation", valorisation, inputs.distribution.valorisation)
    rule = inputs.distribution.excess
    if rule is None:
        postings["excess", "social_fund", "", "social_fund"] += excess
    else:
        fund = half_up(Fraction(excess) * Fraction(rule.social_fund_percent) / 100)
        eligible = [
            weight if kinds[code] not in rules.enterprise_kinds else 0
            for code, weight in zip(codes, weights(rule.consumers_key, False, rule.fixed), strict=True)
        ]
        parts = divide(excess - fund, eligible)
        if parts is None:
            postings["excess", "social_fund", "", "social_fund"] += excess
        else:
            postings["excess", "social_fund", "", "social_fund"] += fund
            for code, part in zip(codes, parts, strict=True):
                postings["excess", "consumers", code, ""] += part

    members = []
    for code in codes:
        of = {
            contribution: sum(cents for (name, _, member, _), cents in postings.items() if (name, member) == (contribution, code))
            for contribution in ("premium", "valorisation", "excess")
        }
        members.append(
            {
                "code": code,
                "injected_wh": energy[code]["injected"],
                "withdrawn_wh": energy[code]["withdrawn"],
                "shared_wh": energy[code]["coincident"],
                "incentivised_wh": energy[code]["incentivised"],
                "premium_cents": of["premium"],
                "valorisation_cents": of["valorisation"],
                "excess_cents": of["excess"],
            }
        )
    return {
        "hours": len(days),
        "missing": missing,
        "injected_wh": injected,
        "withdrawn_wh": withdrawn,
        "shared_wh": shared,
        "taken_wh": [taken[p] for p in queue],
        "point_shared_wh": consumed,
        "plants": plants,
        "members": members,
        "premium_gross_cents": gross,
        "premium_cents": gross - excess,
        "valorisation": (sum(shared), building_wh, losses * 100, valorisation),
        "excess_sets": sets,
        "excess_cents": excess,
        "postings": {key: cents for key, cents in postings.items() if cents},
    }
