"""Distribution rules: the first one, corrections, and a new one from a month on. What approved runs used stays."""

from collections.abc import Collection, Sequence
from datetime import date

from apps.communities.community_file.changes import Plan
from apps.communities.community_file.fields import Keep
from apps.communities.community_file.problems import Problems
from apps.communities.community_file.rows import ConfigurationRow, Table
from apps.communities.models import Configuration, DistributionRule

_SUBJECT = "distribution_rules"


def plan_distribution(
    row: ConfigurationRow,
    configuration: Configuration,
    rules: Sequence[DistributionRule],
    approved_months: Collection[date],
    plan: Plan,
    problems: Problems,
) -> None:
    """Compare the table of the file with the rules of the configuration, `rules` being in order of time.

    `approved_months` are the first days of the months that an approved run of the configuration settled.
    """
    table, valid_from = row.table, row.distribution_valid_from
    if isinstance(table, Keep):
        if not rules:
            problems.add(row.at("distribution"), f"is missing, and {row.code} has no distribution rule yet.")
        return
    start = valid_from if isinstance(valid_from, date) else None
    if start is not None and (reason := _wrong_start(start, configuration)):
        problems.add(row.at("distribution_valid_from"), reason)
        return
    if not rules:
        rule = DistributionRule(configuration=configuration, valid_from=start or configuration.starts_on, table=table)
        plan.create(_SUBJECT, row.code, row.path, rule)
        return
    same_start = [rule for rule in rules if rule.valid_from == start]
    rule = same_start[0] if same_start else rules[-1]
    if rule.table == table or start is None or same_start:
        _correct(row, rule, configuration, table, approved_months, plan, problems)
    elif start < rule.valid_from:
        problems.add(
            row.at("distribution_valid_from"),
            f"a later rule of {row.code} is already valid from {rule.valid_from}. Give a later date, or correct that rule.",
        )
    else:
        _replace(row, rule, configuration, table, start, approved_months, plan, problems)


def _correct(
    row: ConfigurationRow,
    rule: DistributionRule,
    configuration: Configuration,
    table: Table,
    approved_months: Collection[date],
    plan: Plan,
    problems: Problems,
) -> None:
    used = [month for month in approved_months if _uses(rule, configuration, month)]
    if used and rule.table != table:
        problems.add(
            row.at("distribution"),
            f"differs from the rule valid from {rule.valid_from}, by which {_months(used)} was settled and approved. "
            "Give 'distribution_valid_from' to begin a new rule.",
        )
        return
    plan.update(_SUBJECT, row.code, row.path, rule, {"table": table})


def _replace(
    row: ConfigurationRow,
    rule: DistributionRule,
    configuration: Configuration,
    table: Table,
    start: date,
    approved_months: Collection[date],
    plan: Plan,
    problems: Problems,
) -> None:
    used = [month for month in approved_months if max(month, configuration.starts_on) >= start]
    if used:
        problems.add(
            row.at("distribution_valid_from"),
            f"{_months(used)} was settled and approved by the rule valid from {rule.valid_from}. Give a later date.",
        )
        return
    if rule.valid_to is None:
        plan.update(_SUBJECT, row.code, row.path, rule, {"valid_to": start})
    elif start < rule.valid_to:
        problems.add(
            row.at("distribution_valid_from"),
            f"the rule valid from {rule.valid_from} lasts until {rule.valid_to}. Give that date or a later one.",
        )
    new = DistributionRule(configuration=configuration, valid_from=start, table=table)
    plan.create(_SUBJECT, row.code, row.path, new)


def _wrong_start(start: date, configuration: Configuration) -> str:
    if start < configuration.starts_on:
        return f"{start} is before the configuration starts, on {configuration.starts_on}."
    if start.day != 1 and start != configuration.starts_on:
        return f"{start} is neither the first day of a month nor the start of the configuration, {configuration.starts_on}."
    if configuration.ends_on is not None and start >= configuration.ends_on:
        return f"{start} is after the configuration ended, on {configuration.ends_on}."
    return ""


def _uses(rule: DistributionRule, configuration: Configuration, month: date) -> bool:
    day = max(month, configuration.starts_on)
    return rule.valid_from <= day and (rule.valid_to is None or day < rule.valid_to)


def _months(months: Collection[date]) -> str:
    return ", ".join(f"{month:%Y-%m}" for month in sorted(months))
