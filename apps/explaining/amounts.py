"""The page of one amount: from the configuration's contribution to the member's cents, with rules, sources and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.engine.explaining import exact_premiums
from apps.engine.inputs import AmountSource, Contribution, Distribution, GivenAmount, Kind, MonthInputs
from apps.explaining.changes import correction_ladders
from apps.explaining.ladders import KEYS, Ladder, excess_ladder, given_ladder, premium_ladder, split_ladders, valorisation_ladder
from apps.explaining.rules import PREMIUM_KEYS, UsedParameter, list_used_parameters
from apps.explaining.snapshots import get_facts, get_lines, get_taken
from apps.explaining.subject import Subject
from apps.explaining.year import YearOfSet, list_year
from apps.settlement.booking import line_of_entry
from apps.settlement.models import LedgerEntry, SettlementRun

NAMES = {
    Contribution.PREMIUM: lazy("Tariffa premio"),
    Contribution.VALORISATION: lazy("Corrispettivo di valorizzazione"),
    Contribution.EXCESS: lazy("Importo eccedentario"),
}
PARAMETERS = {
    Contribution.PREMIUM: PREMIUM_KEYS,
    Contribution.VALORISATION: ("trase_eur_per_mwh",),
    Contribution.EXCESS: ("excess_threshold_without_grant", "excess_threshold_with_grant", "enterprise_kinds"),
}
GROUP_PARAMETERS = ("trase_eur_per_mwh", "btau_eur_per_mwh", "avoided_losses_by_voltage")


@dataclass(frozen=True, slots=True)
class Amount:
    """`why_not` says why nothing of it is the member's; `rests_on` in which energy the part of each block is measured."""

    contribution: Contribution
    cents: int
    ladders: Sequence[Ladder]
    parameters: Sequence[UsedParameter]
    distribution_from: date
    why_not: str = ""
    year: Sequence[YearOfSet] = field(default=())

    @property
    def name(self) -> str:
        return str(NAMES[self.contribution])

    @property
    def foots(self) -> bool:
        return all(ladder.foots for ladder in self.ladders)


def explain_amount(subject: Subject, contribution: Contribution) -> Amount:
    """One amount of one member in one run. At most six queries. Errors: `SnapshotUnreadable`."""
    run, code = subject.run, subject.member.code
    facts = get_facts(run)
    amount_cents = month_cents(run)[contribution]
    postings = Q(member=subject.result.member_id) | Q(member__isnull=True)
    entries = list(LedgerEntry.objects.filter(postings, run=run, contribution=contribution.value).order_by("position"))
    lines = get_lines(run, contribution, code) if run.corrects_id else [line_of_entry(entry, code) for entry in entries]
    ladders = [_configuration_ladder(subject, contribution, facts, amount_cents)]
    ladders += split_ladders(contribution, amount_cents, lines, facts.distribution, code)
    if run.corrects_id:
        ladders += correction_ladders(subject, contribution.value, entries)
    keys = GROUP_PARAMETERS if _is_group_valorisation(contribution, facts) else PARAMETERS[contribution]
    if contribution in get_given(run):
        keys = tuple(key for key in keys if key == "enterprise_kinds")  # the amount was computed by GSE, the split is the own
    mine = any(line.member == code for line in lines)
    return Amount(
        contribution=contribution,
        cents=subject.cents[contribution.value],
        ladders=ladders,
        parameters=list_used_parameters(facts.parameters, on=run.month, keys=keys),
        distribution_from=facts.distribution.valid_from,
        why_not="" if mine else _why_not(contribution, amount_cents, facts, code),
        year=list_year(subject, facts.year_to_date) if contribution is Contribution.EXCESS else (),
    )


def month_cents(run: SettlementRun) -> dict[Contribution, int]:
    """What each contribution of the whole month comes to, also where the run posts only a difference."""
    given = get_given(run)
    own_excess = sum(int(told["excess_month_cents"]) for told in run.facts["excess_sets"])
    excess = given[Contribution.EXCESS].cents if Contribution.EXCESS in given else own_excess
    premium = int(run.facts["premium_gross_cents"]) - excess
    if Contribution.PREMIUM in given:  # alone it includes its excess
        premium = given[Contribution.PREMIUM].cents - (0 if Contribution.EXCESS in given else excess)
    return {
        Contribution.PREMIUM: premium,
        Contribution.VALORISATION: int(run.facts["valorisation"]["amount_cents"]),
        Contribution.EXCESS: excess,
    }


def get_given(run: SettlementRun) -> dict[Contribution, GivenAmount]:
    """The contributions of the month that came from GSE in place of the own computation."""
    rows = run.facts.get("given", [])
    found = [GivenAmount(Contribution(row["contribution"]), int(row["cents"]), AmountSource(row["source"])) for row in rows]
    return {row.contribution: row for row in found}


def _configuration_ladder(subject: Subject, contribution: Contribution, facts: MonthInputs, amount_cents: int) -> Ladder:
    run = subject.run
    if given := get_given(run).get(contribution):
        return given_ladder(given, amount_cents)
    if contribution is Contribution.PREMIUM:
        plants = list(run.plant_results.select_related("plant").order_by("position"))
        exact = exact_premiums(facts, get_taken(run, len(plants))) if plants else {}
        return premium_ladder(run, plants, exact, amount_cents)
    if contribution is Contribution.VALORISATION:
        return valorisation_ladder(run, is_group=facts.kind is Kind.GROUP)
    return excess_ladder(run, amount_cents)


def _is_group_valorisation(contribution: Contribution, facts: MonthInputs) -> bool:
    return contribution is Contribution.VALORISATION and facts.kind is Kind.GROUP


def _why_not(contribution: Contribution, amount_cents: int, facts: MonthInputs, code: str) -> str:
    if not amount_cents:
        return _("Questo mese la configurazione non ha nulla da dividere per questa voce.")
    kinds = dict(facts.members)
    if contribution is Contribution.EXCESS:
        if kinds.get(code) in facts.parameters.enterprise_kinds:
            return _("L’importo eccedentario non va alle imprese: a questo socio non ne spetta.")
        if facts.distribution.excess is None:
            return _("La comunità destina tutto l’importo eccedentario al fondo sociale.")
    parts = _keys(contribution, facts.distribution)
    return _("A questo socio non ne spetta: si divide %(keys)s, e per lui quel numero è zero.") % {"keys": parts}


def _keys(contribution: Contribution, distribution: Distribution) -> str:
    if contribution is Contribution.EXCESS:
        excess = distribution.excess
        return str(KEYS[excess.consumers_key]) if excess else ""
    split = distribution.premium if contribution is Contribution.PREMIUM else distribution.valorisation
    told = []
    if split.producers_percent > 0:
        told.append(_("fra i produttori %(key)s") % {"key": KEYS[split.producers_key]})
    if split.producers_percent < 100:
        told.append(_("fra i consumatori %(key)s") % {"key": KEYS[split.consumers_key]})
    return ", ".join(told)
