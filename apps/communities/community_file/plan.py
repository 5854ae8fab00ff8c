"""The file held against what is stored: every change it would make, every fault, every warning. Writes nothing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date

from apps.communities.community_file.changes import Plan, given
from apps.communities.community_file.fields import KEEP
from apps.communities.community_file.plan_distribution import plan_distribution
from apps.communities.community_file.plan_people import plan_member
from apps.communities.community_file.plan_points import Claim, plan_points
from apps.communities.community_file.problems import Problems
from apps.communities.community_file.rows import CommunityFile, CommunityRow, ConfigurationRow, PlantRow, PointRow
from apps.communities.community_file.spans import Span, join
from apps.communities.community_file.stored import Stored
from apps.communities.models import Community, Configuration, DistributionRule, Member, Plant

ApprovedMonths = Callable[[Configuration], Collection[date]]


def plan_import(document: CommunityFile, stored: Stored, approved_months: ApprovedMonths, problems: Problems) -> Plan:
    """Return what to write; when `problems` holds anything afterwards, nothing of it may be written."""
    plan = Plan()
    community = _plan_community(document.community, stored, plan)
    configurations = dict(stored.configurations)
    for configuration_row in document.configurations:
        configurations[configuration_row.code] = _plan_configuration(
            configuration_row, community, stored, approved_months, plan, problems
        )
    members = dict(stored.members)
    for member_row in document.members:
        members[member_row.code] = plan_member(member_row, community, stored, plan, problems)
    _refuse_strangers(document, configurations, members, problems)
    claims = plan_points(document.metering_points, configurations, members, stored, plan, problems)
    held = {key for key, found in claims.items() if any(not claim.foreign for claim in found)}
    held |= {row.pod_key for row in document.metering_points if row.sound("pod")}
    for plant_row in document.plants:
        _plan_plant(plant_row, community, held, stored, plan, problems)
    plan.warnings += _list_warnings(document.metering_points, claims, configurations, stored)
    return plan


def _plan_community(row: CommunityRow, stored: Stored, plan: Plan) -> Community:
    values = {
        "name": row.name,
        "tax_code": row.tax_code,
        "iban": row.iban,
        "legal_form": row.legal_form,
        "address": row.address,
        "contact_email": row.contact_email,
    }
    if stored.community is not None:
        plan.update("communities", row.code, row.path, stored.community, values)
        return stored.community
    community = Community(code=row.code, **given(values))
    plan.create("communities", row.code, row.path, community)
    return community


def _plan_configuration(
    row: ConfigurationRow,
    community: Community,
    stored: Stored,
    approved_months: ApprovedMonths,
    plan: Plan,
    problems: Problems,
) -> Configuration:
    values = {
        "kind": row.kind,
        "primary_substation": row.primary_substation,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
    }
    if row.code in stored.foreign_configurations:
        problems.add(row.at("code"), f"{row.code} belongs to another community. Choose another code.")
    configuration = stored.configurations.get(row.code)
    rules = stored.rules.get(row.code, [])
    approved: Collection[date] = ()
    if configuration is None:
        configuration = Configuration(community=community, code=row.code, **given(values))
        plan.create("configurations", row.code, row.path, configuration)
    else:
        approved = approved_months(configuration)
        if row.sound("starts_on") and row.starts_on != configuration.starts_on:
            _move_first_rule(row, configuration.starts_on, rules, plan, problems)
        plan.update("configurations", row.code, row.path, configuration, values)
    if configuration.ends_on is not None and row.ends_on is KEEP and configuration.ends_on <= row.starts_on:
        problems.add(row.at("starts_on"), f"is not before the stored end, {configuration.ends_on}.")
    if row.sound("starts_on", "ends_on", "distribution", "distribution_valid_from"):
        plan_distribution(row, configuration, rules, approved, plan, problems)
    return configuration


def _move_first_rule(
    row: ConfigurationRow, old_start: date, rules: Sequence[DistributionRule], plan: Plan, problems: Problems
) -> None:
    """The first rule begins with the configuration: it follows when the start is corrected."""
    if not rules or rules[0].valid_from != old_start:
        return
    if rules[0].valid_to is not None and rules[0].valid_to <= row.starts_on:
        problems.add(row.at("starts_on"), f"is after the first distribution rule ended, on {rules[0].valid_to}.")
        return
    plan.update("distribution_rules", row.code, row.path, rules[0], {"valid_from": row.starts_on})


def _refuse_strangers(
    document: CommunityFile,
    configurations: Mapping[str, Configuration],
    members: Mapping[str, Member],
    problems: Problems,
) -> None:
    """References to codes that neither the file nor the database knows."""
    for row in document.metering_points:
        if row.sound("configuration") and row.configuration not in configurations:
            problems.add(row.at("configuration"), f"{row.configuration} is no configuration of this community.")
        if row.sound("member") and row.member not in members:
            problems.add(row.at("member"), f"{row.member} is no member of this community.")
    for configuration in document.configurations:
        for path, code in configuration.fixed_members:
            if code not in members:
                problems.add(path, f"{code} is no member of this community.")


def _plan_plant(
    row: PlantRow, community: Community, held: Collection[str], stored: Stored, plan: Plan, problems: Problems
) -> None:
    if row.sound("pod"):
        _check_plant_pod(row, held, stored, problems)
    values = {
        "pod_key": row.pod_key,
        "source": row.source,
        "power_kw": row.power_kw,
        "region": row.region,
        "market_zone": row.market_zone,
        "entered_operation_on": row.entered_operation_on,
        "grant_intensity": row.grant_intensity,
        "obligation_power_kw": row.obligation_power_kw,
        "in_building": row.in_building,
    }
    plant = stored.plants.get(row.code)
    if plant is None:
        plan.create("plants", row.code, row.path, Plant(community=community, code=row.code, **given(values)))
    else:
        plan.update("plants", row.code, row.path, plant, values)


def _check_plant_pod(row: PlantRow, held: Collection[str], stored: Stored, problems: Problems) -> None:
    others = [plant.code for plant in stored.plants.values() if plant.pod_key == row.pod_key and plant.code != row.code]
    if row.pod_key not in held:
        problems.add(row.at("pod"), f"{row.pod_key} is none of the metering points of this community. Add the point.")
    elif row.pod_key in stored.foreign_plants:
        problems.add(row.at("pod"), f"a plant of another community stands behind {row.pod_key}: one POD has one plant.")
    elif others:
        problems.add(row.at("pod"), f"the plant {others[0]} stands behind {row.pod_key} already: one POD has one plant.")


def _list_warnings(
    rows: Sequence[PointRow],
    claims: Mapping[str, Sequence[Claim]],
    configurations: Mapping[str, Configuration],
    stored: Stored,
) -> list[str]:
    """Points that reach beyond their member's membership or their configuration: lawful, but worth a look."""
    spans = {claim.path: claim.span for found in claims.values() for claim in found if claim.path}
    memberships = {
        code: join([Span(period.joined_on, period.left_on) for period in periods]) for code, periods in stored.periods.items()
    }
    warnings = []
    for row in rows:
        span, configuration = spans.get(row.path), configurations.get(row.configuration)
        if span is None or configuration is None:
            continue
        active = Span(configuration.starts_on, configuration.ends_on)
        if not active.holds(span):
            warnings.append(f"{row.path}: {row.pod} is valid {span}, but {row.configuration} is active {active}.")
        periods = memberships.get(row.member, [])
        if periods and not any(period.holds(span) for period in periods):
            member = " and ".join(str(period) for period in periods)
            warnings.append(f"{row.path}: {row.pod} is valid {span}, but {row.member} is a member {member}.")
    return warnings
