"""The note that a configuration divides GSE's amounts and GSE's true-up is not there, for pages that administrators look at."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.backoffice.templatetags.quantities import month_name
from apps.communities.models import Configuration
from apps.settlement.gse.true_ups import list_missing_true_ups

MOST_MONTHS = 4


@dataclass(frozen=True, slots=True)
class MissingTrueUps:
    """One configuration, its months in words, and the page of its choice."""

    configuration: Configuration
    months: str
    address: str


def list_true_up_notes(configurations: Collection[Configuration], *, today: date) -> list[MissingTrueUps]:
    missing = list_missing_true_ups(configurations, today=today)
    return [
        MissingTrueUps(
            configuration=one,
            months=_in_words(missing[one.pk]),
            address=reverse("admin:settlement_gsepublication_source", args=[one.pk]),
        )
        for one in configurations
        if one.pk in missing
    ]


def _in_words(months: list[date]) -> str:
    if len(months) <= MOST_MONTHS:
        return ", ".join(month_name(month) for month in months)
    return _("%(count)s mesi, da %(first)s a %(last)s") % {
        "count": len(months),
        "first": month_name(months[0]),
        "last": month_name(months[-1]),
    }
