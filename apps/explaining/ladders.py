"""An amount step by step: what came in, what went elsewhere, what is left. Each ladder foots, and says by which rule it steps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.engine.distribution import CONSUMERS, DEDUCTION, PRODUCERS, SOCIAL_FUND
from apps.engine.inputs import AmountSource, Contribution, Distribution, GivenAmount
from apps.engine.results import Line
from apps.explaining.numbers import euro, exact_euro, kwh, kwh_number, percent
from apps.explaining.rules import RULES, Rule
from apps.settlement.models import PlantResult, SettlementRun

CHANGE, SUM, MINE = "change", "sum", "mine"
MOST_PLANTS = 12
ACCOUNTS = {
    "management": lazy("gestione"),
    "reserve": lazy("riserva"),
    "social_fund": lazy("fondo sociale"),
    "undistributed": lazy("importi non ripartiti"),
}
BLOCKS = {PRODUCERS: lazy("Parte dei produttori"), CONSUMERS: lazy("Parte dei consumatori")}
OTHER_BLOCKS = {PRODUCERS: lazy("Parte dei consumatori"), CONSUMERS: lazy("Parte dei produttori")}
KEYS = {
    "injected": lazy("in proporzione all’energia immessa"),
    "incentivised": lazy("in proporzione all’energia incentivata"),
    "coincident": lazy("in proporzione all’energia condivisa"),
    "withdrawn": lazy("in proporzione all’energia prelevata"),
    "equal": lazy("in parti uguali"),
    "fixed": lazy("secondo quote fisse"),
}
SOURCES = {
    AmountSource.GSE_ADVANCE: lazy("Acconto del GSE"),
    AmountSource.GSE_PUBLISHED: lazy("Importo pubblicato dal GSE"),
}
TO_SPLIT = {
    Contribution.PREMIUM: lazy("Tariffa premio da dividere"),
    Contribution.VALORISATION: lazy("Valorizzazione da dividere"),
    Contribution.EXCESS: lazy("Importo eccedentario del mese, da dividere"),
}
ENERGY_KEYS = ("injected", "incentivised", "coincident", "withdrawn")


@dataclass(frozen=True, slots=True)
class Row:
    """`change` adds its cents, `sum` and `mine` say what is reached. `note` is the computation in numbers."""

    words: str
    cents: int
    kind: str = CHANGE
    note: str = ""
    rule: str = ""

    @property
    def told(self) -> Rule | None:
        return RULES.get(self.rule)


@dataclass(frozen=True, slots=True)
class Ladder:
    title: str
    rows: Sequence[Row] = field(default=())

    @property
    def foots(self) -> bool:
        """Whether every sum is what the changes above it come to."""
        reached = 0
        for row in self.rows:
            if row.kind == CHANGE:
                reached += row.cents
            elif row.cents != reached:
                return False
        return True


def premium_ladder(run: SettlementRun, plants: Sequence[PlantResult], exact: Mapping[str, Fraction], amount_cents: int) -> Ladder:
    """From the plants' premiums to what is split as premium. `exact` are cents before the rounding, by code, where known."""
    earning = [plant for plant in plants if not plant.facts["not_incentivised_because"]]
    rows = [_plant_row(plant, exact.get(plant.plant.code)) for plant in earning[:MOST_PLANTS]]
    if rest := earning[MOST_PLANTS:]:
        cents = sum(plant.premium_cents for plant in rest)
        rows.append(Row(_("Altri %(count)s impianti") % {"count": len(rest)}, cents, rule="premium"))
    if others := len(plants) - len(earning):
        rows.append(Row(_("Impianti che non prendono la tariffa premio: %(count)s") % {"count": others}, 0))
    gross = int(run.facts["premium_gross_cents"])
    rows.append(Row(_("Tariffa premio di tutti gli impianti"), gross, SUM))
    if gross != amount_cents:
        rows.append(Row(_("Importo eccedentario, che ha una voce sua"), amount_cents - gross, rule="excess"))
        rows.append(Row(_("Tariffa premio da dividere"), amount_cents, SUM))
    return Ladder(_("Da dove viene l’importo della configurazione"), rows)


def _plant_row(plant: PlantResult, exact: Fraction | None) -> Row:
    note = _("%(energy)s incentivati, ora per ora per la tariffa di ogni ora") % {"energy": kwh(plant.incentivised_wh)}
    if exact is not None:
        note += f" = {exact_euro(exact)} → {euro(plant.premium_cents)}"
    elif plant.facts["granted"]:
        share = {"share": percent(Fraction(plant.facts["reduction"])), "exempt": kwh(plant.exempt_wh)}
        note += _(", ridotta del %(share)s per il contributo in conto capitale, salvo %(exempt)s di soggetti esenti") % share
    return Row(_("Impianto %(code)s") % {"code": plant.plant.code}, plant.premium_cents, note=note, rule="premium")


def valorisation_ladder(run: SettlementRun, *, is_group: bool) -> Ladder:
    """Energy times TRASE, and for a group what comes on top; one rounding."""
    told = run.facts["valorisation"]
    trase = Fraction(told["trase_ueur_per_mwh"], 10**6)
    exact = told["shared_wh"] * Fraction(told["trase_ueur_per_mwh"], 10**10)
    parts = [_("TRASE %(price)s/MWh × %(energy)s") % {"price": exact_euro(trase * 100), "energy": kwh(told["shared_wh"])}]
    if is_group:
        btau = Fraction(told["btau_ueur_per_mwh"], 10**6)
        losses = Fraction(told["avoided_losses_cents_unrounded"])
        exact += told["building_shared_wh"] * Fraction(told["btau_ueur_per_mwh"], 10**10) + losses
        building = {"price": exact_euro(btau * 100), "energy": kwh(told["building_shared_wh"])}
        parts.append(_("BTAU %(price)s/MWh × %(energy)s nell’edificio") % building)
        parts.append(_("perdite evitate %(amount)s") % {"amount": exact_euro(losses)})
    cents = int(told["amount_cents"])
    note = f"{' + '.join(parts)} = {exact_euro(exact)} → {euro(cents)}"
    rule = "valorisation_group" if is_group else "valorisation"
    return Ladder(
        _("Da dove viene l’importo della configurazione"),
        [
            Row(_("Energia condivisa del mese per la tariffa"), cents, note=note, rule=rule),
            Row(_("Valorizzazione da dividere"), cents, SUM),
        ],
    )


def excess_ladder(run: SettlementRun, amount_cents: int) -> Ladder:
    """Per set of plants: the year's formula, and what of it this month posts."""
    rows = [_excess_row(told) for told in run.facts["excess_sets"]]
    rows.append(Row(_("Importo eccedentario del mese, da dividere"), amount_cents, SUM))
    return Ladder(_("Da dove viene l’importo della configurazione"), rows)


def _excess_row(told: dict[str, Any]) -> Row:
    with_grant, without = _("Impianti con contributo in conto capitale"), _("Impianti senza contributo in conto capitale")
    words = with_grant if told["granted"] else without
    threshold = Fraction(told["threshold"])
    if not told["injected_wh"]:
        return Row(words, told["excess_month_cents"], note=_("nessuna energia immessa"), rule="excess")
    note = _(
        "max(0; %(shared)s ÷ %(injected)s − %(threshold)s) × %(premium)s = %(year)s da gennaio; già registrati %(before)s"
    ) % {
        "shared": kwh(told["incentivised_wh"]),
        "injected": kwh(told["injected_wh"]),
        "threshold": percent(threshold),
        "premium": euro(told["premium_cents"]),
        "year": euro(told["excess_year_cents"]),
        "before": euro(told["excess_year_cents"] - told["excess_month_cents"]),
    }
    return Row(words, told["excess_month_cents"], note=note, rule="excess")


def given_ladder(given: GivenAmount, amount_cents: int) -> Ladder:
    """An amount that GSE found: it is divided as it is, a premium without the excess that is in it."""
    rows = [Row(str(SOURCES[given.source]), given.cents)]
    if given.cents != amount_cents:
        rows.append(Row(_("Importo eccedentario, che ha una voce sua"), amount_cents - given.cents, rule="excess"))
    rows.append(Row(str(TO_SPLIT[given.contribution]), amount_cents, SUM))
    return Ladder(_("Da dove viene l’importo della configurazione"), rows)


def split_ladders(
    contribution: Contribution, amount_cents: int, lines: Sequence[Line], distribution: Distribution, member: str
) -> list[Ladder]:
    """From what is split to the member's cents. `lines` are those of the member and of all accounts, for the whole month."""
    mine = [line for line in lines if line.member == member]
    taken = [line for line in lines if line.account and line.block in (DEDUCTION, SOCIAL_FUND)]
    left = [line for line in lines if line.account and line.block not in (DEDUCTION, SOCIAL_FUND)]
    rows = [Row(_("Importo della configurazione"), amount_cents)]
    rows += [_account_row(line) for line in taken]
    rest = amount_cents - sum(line.cents for line in taken)
    rows.append(Row(_("Da dividere fra i soci"), rest, SUM))
    ladders = [Ladder(_("Trattenute"), rows)] if taken else []
    ladders += [_block_ladder(contribution, line, rest, left, distribution) for line in mine]
    if len(mine) > 1:
        sums = [Row(str(BLOCKS.get(line.block, line.block)), line.cents) for line in mine]
        ladders.append(Ladder(_("In tutto"), [*sums, Row(_("Spettano al socio"), sum(line.cents for line in mine), MINE)]))
    return ladders


def _account_row(line: Line) -> Row:
    words = _("Al conto «%(account)s»") % {"account": ACCOUNTS.get(line.account, line.account)}
    note = ""
    if line.percent is not None:
        note = _("%(percent)s di %(amount)s") % {"percent": percent(line.percent / 100), "amount": euro(line.block_cents)}
    return Row(words, -line.cents, note=note, rule="excess" if line.block == SOCIAL_FUND else "split")


def _block_ladder(contribution: Contribution, line: Line, rest: int, left: Iterable[Line], distribution: Distribution) -> Ladder:
    """From the rest to the member's part of one block."""
    is_excess = contribution is Contribution.EXCESS
    title = _("Parte dei soci che non sono imprese") if is_excess else str(BLOCKS[line.block])
    rows = [Row(_("Da dividere fra i soci"), rest)]
    unclaimed = sum(one.cents for one in left)
    if unclaimed:
        rows.append(Row(_("Al conto «%(account)s»") % {"account": ACCOUNTS["undistributed"]}, -unclaimed))
    if other := rest - unclaimed - line.block_cents:
        rows.append(
            Row(str(OTHER_BLOCKS[line.block]), -other, note=_block_note(contribution, line, rest, distribution), rule="split")
        )
    key = str(KEYS.get(line.key, line.key))
    rows.append(Row(f"{title}, {key}", line.block_cents, SUM))
    if line.block_cents != line.cents:
        rows.append(Row(_("Agli altri soci di questa parte"), line.cents - line.block_cents))
    rows.append(Row(_("Spettano al socio"), line.cents, MINE, note=_share_note(line), rule="cents"))
    return Ladder(title, rows)


def _block_note(contribution: Contribution, line: Line, rest: int, distribution: Distribution) -> str:
    if contribution is Contribution.EXCESS:
        return ""
    producers = (distribution.premium if contribution is Contribution.PREMIUM else distribution.valorisation).producers_percent
    return _("%(percent)s di %(amount)s ai produttori, il resto ai consumatori") % {
        "percent": percent(producers / 100),
        "amount": euro(rest),
    }


def _share_note(line: Line) -> str:
    """12,000 kWh su 48,000 kWh: 10,01 € × 12,000 ÷ 48,000 = 2,5025 € → 2,50 €"""
    if not line.weight_total:
        return ""
    exact = Fraction(line.block_cents * line.weight, line.weight_total)
    share = Fraction(line.weight, line.weight_total)
    if line.key in ENERGY_KEYS:
        numbers = {"mine": kwh(line.weight), "all": kwh(line.weight_total), "percent": percent(share)}
        what = _("%(mine)s su %(all)s, il %(percent)s") % numbers
        part = f"× {kwh_number(line.weight)} ÷ {kwh_number(line.weight_total)}"
    elif line.key == "equal":
        what, part = _("1 di %(count)s soci") % {"count": line.weight_total}, f"÷ {line.weight_total}"
    else:
        what, part = _("quota fissa del %(percent)s") % {"percent": percent(share, 6)}, f"× {percent(share, 6)}"
    return f"{what}: {euro(line.block_cents)} {part} = {exact_euro(exact)} → {euro(line.cents)}"
