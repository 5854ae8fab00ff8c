"""Distribution rules: the first one, corrections, and a new one from a month on. What approved runs used stays."""

from collections.abc import Collection, Sequence
from datetime import date

from django.utils.translation import gettext as _

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
            problems.add(row.at("distribution"), _("is missing, and %(code)s has no distribution rule yet.") % {"code": row.code})
        return
    start = valid_from if isinstance(valid_from, date) else None
    if start is not None and (reason := wrong_start(start, configuration)):
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
            _("a later rule of %(code)s is already valid from %(valid_from)s. Give a later date, or correct that rule.")
            % {"code": row.code, "valid_from": rule.valid_from},
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
    used = months_settled_by(rule, configuration, approved_months)
    if used and rule.table != table:
        problems.add(
            row.at("distribution"),
            _(
                "differs from the rule valid from %(valid_from)s, by which %(months)s was settled and approved. "
                "Give 'distribution_valid_from' to begin a new rule."
            )
            % {"valid_from": rule.valid_from, "months": name_months(used)},
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
            _("%(months)s was settled and approved by the rule valid from %(valid_from)s. Give a later date.")
            % {"months": name_months(used), "valid_from": rule.valid_from},
        )
        return
    if rule.valid_to is None:
        plan.update(_SUBJECT, row.code, row.path, rule, {"valid_to": start})
    elif start < rule.valid_to:
        problems.add(
            row.at("distribution_valid_from"),
            _("the rule valid from %(valid_from)s lasts until %(valid_to)s. Give that date or a later one.")
            % {"valid_from": rule.valid_from, "valid_to": rule.valid_to},
        )
    new = DistributionRule(configuration=configuration, valid_from=start, table=table)
    plan.create(_SUBJECT, row.code, row.path, new)


def wrong_start(start: date, configuration: Configuration) -> str:
    """Why a rule cannot begin on this day; empty when it can."""
    if start < configuration.starts_on:
        return _("%(start)s is before the configuration starts, on %(starts_on)s.") % {
            "start": start,
            "starts_on": configuration.starts_on,
        }
    if start.day != 1 and start != configuration.starts_on:
        return _("%(start)s is neither the first day of a month nor the start of the configuration, %(starts_on)s.") % {
            "start": start,
            "starts_on": configuration.starts_on,
        }
    if configuration.ends_on is not None and start >= configuration.ends_on:
        return _("%(start)s is after the configuration ended, on %(ends_on)s.") % {
            "start": start,
            "ends_on": configuration.ends_on,
        }
    return ""


def months_settled_by(rule: DistributionRule, configuration: Configuration, months: Collection[date]) -> list[date]:
    """Those of these months whose money this rule divides: the rule in force on their first day, or on the start if later."""
    days = {month: max(month, configuration.starts_on) for month in months}
    return [month for month, day in days.items() if rule.valid_from <= day and (rule.valid_to is None or day < rule.valid_to)]


def name_months(months: Collection[date]) -> str:
    return ", ".join(f"{month:%Y-%m}" for month in sorted(months))
