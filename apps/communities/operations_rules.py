"""The only writers of distribution rules outside an import: correct one, or begin a new one. History stays."""

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from apps.communities.community_file.plan_distribution import months_settled_by, name_months, wrong_start
from apps.communities.community_file.rows import Table
from apps.communities.errors import RuleRefused
from apps.communities.models import Configuration, DistributionRule


@transaction.atomic
def correct_rule(*, rule: DistributionRule, table: Table, approved_months: Collection[date]) -> None:
    """Give a rule another table. Errors: `RuleRefused` when an approved run used it."""
    stored = DistributionRule.objects.select_for_update().select_related("configuration").get(pk=rule.pk)
    if stored.table == table:
        return
    used = months_settled_by(stored, stored.configuration, approved_months)
    if used:
        raise RuleRefused(
            _("%(months)s was settled and approved by this rule, so it can no longer be changed. Begin a new one instead.")
            % {"months": name_months(used)}
        )
    stored.table = table
    stored.save(update_fields=["table"])


@transaction.atomic
def begin_rule(
    *, configuration: Configuration, valid_from: date, table: Table, approved_months: Collection[date]
) -> DistributionRule:
    """Begin a rule and end the one in force on the day before. The first rule may begin on any lawful day.

    Errors: `RuleRefused` for a day that is no first of a month, before a later rule, or in an approved month.
    """
    Configuration.objects.select_for_update().get(pk=configuration.pk)
    if reason := wrong_start(valid_from, configuration):
        raise RuleRefused(reason)
    latest = DistributionRule.objects.filter(configuration=configuration).order_by("valid_from").last()
    if latest is not None:
        _end(latest, valid_from, configuration, approved_months)
    return DistributionRule.objects.create(configuration=configuration, valid_from=valid_from, table=table)


def _end(latest: DistributionRule, valid_from: date, configuration: Configuration, approved_months: Collection[date]) -> None:
    if valid_from <= latest.valid_from:
        raise RuleRefused(
            _("A rule is already valid from %(day)s. Give a later date, or correct that rule.") % {"day": latest.valid_from}
        )
    used = [month for month in approved_months if max(month, configuration.starts_on) >= valid_from]
    if used:
        raise RuleRefused(_("%(months)s was settled and approved already. Give a later date.") % {"months": name_months(used)})
    if latest.valid_to is None:
        latest.valid_to = valid_from
        latest.save(update_fields=["valid_to"])
    elif valid_from < latest.valid_to:
        raise RuleRefused(_("The last rule is valid until %(day)s. Give that date or a later one.") % {"day": latest.valid_to})


@transaction.atomic
def move_start(*, configuration: Configuration, starts_on: date) -> None:
    """Correct the day on which a configuration starts; its first rule follows. Errors: `RuleRefused`."""
    before = Configuration.objects.select_for_update().get(pk=configuration.pk).starts_on
    first = DistributionRule.objects.filter(configuration=configuration).order_by("valid_from").first()
    if first is not None and first.valid_from == before:
        if first.valid_to is not None and first.valid_to <= starts_on:
            raise RuleRefused(_("The first distribution rule ended on %(day)s. Give an earlier date.") % {"day": first.valid_to})
        first.valid_from = starts_on
        first.save(update_fields=["valid_from"])
    Configuration.objects.filter(pk=configuration.pk).update(starts_on=starts_on)
