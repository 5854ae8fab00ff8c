"""Configurations: what the file would change, with the first rule following a corrected start."""

from collections.abc import Collection, Sequence
from datetime import date

from django.utils.translation import gettext as _

from apps.communities.community_file.changes import given
from apps.communities.community_file.draft import Draft
from apps.communities.community_file.fields import KEEP
from apps.communities.community_file.plan_distribution import plan_distribution
from apps.communities.community_file.rows import ConfigurationRow
from apps.communities.models import Configuration, DistributionRule


def plan_configurations(draft: Draft) -> None:
    """Create or update the configurations of the file by code, each with its distribution."""
    for row in draft.document.configurations:
        draft.configurations[row.code] = _plan_configuration(row, draft)


def _plan_configuration(row: ConfigurationRow, draft: Draft) -> Configuration:
    values = {
        "kind": row.kind,
        "primary_substation": row.primary_substation,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
    }
    if row.code in draft.stored.foreign_configurations:
        draft.problems.add(row.at("code"), _("%(code)s belongs to another community. Choose another code.") % {"code": row.code})
    configuration = draft.stored.configurations.get(row.code)
    rules = draft.stored.rules.get(row.code, [])
    approved: Collection[date] = ()
    if configuration is None:
        configuration = Configuration(community=draft.community, code=row.code, **given(values))
        draft.plan.create("configurations", row.code, row.path, configuration)
    else:
        approved = draft.approved_months(configuration)
        if row.sound("starts_on") and row.starts_on != configuration.starts_on:
            _move_start(row, configuration, rules, draft)
        draft.plan.update("configurations", row.code, row.path, configuration, values)
    if row.sound("starts_on", "ends_on", "distribution", "distribution_valid_from"):
        plan_distribution(row, configuration, rules, approved, draft.plan, draft.problems)
    return configuration


def _move_start(row: ConfigurationRow, configuration: Configuration, rules: Sequence[DistributionRule], draft: Draft) -> None:
    """The first rule begins with the configuration: it follows when the start is corrected."""
    if row.ends_on is KEEP and configuration.ends_on is not None and configuration.ends_on <= row.starts_on:
        draft.problems.add(
            row.at("starts_on"), _("is not before the stored end, %(ends_on)s.") % {"ends_on": configuration.ends_on}
        )
    if not rules or rules[0].valid_from != configuration.starts_on:
        return
    if rules[0].valid_to is not None and rules[0].valid_to <= row.starts_on:
        draft.problems.add(
            row.at("starts_on"),
            _("is after the first distribution rule ended, on %(valid_to)s.") % {"valid_to": rules[0].valid_to},
        )
        return
    draft.plan.update("distribution_rules", row.code, row.path, rules[0], {"valid_from": row.starts_on})
