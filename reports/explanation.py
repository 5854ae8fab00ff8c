"""How an amount came about, in words with numbers: one contribution, from what the configuration got to what the member gets.

Nothing is computed here but averages and percentages for the eye, from exact ratios; every amount is one of the document's.
"""

from dataclasses import dataclass
from fractions import Fraction

from apps.engine.inputs import Contribution, Kind, RunKind
from apps.engine.results import ExcessSet
from reports import formats, words
from reports.documents import Share, StatementDocument, Step
from reports.formats import plain

NOTHING_LEFT = "Il mese è stato annullato: per tutto il mese spettano al socio"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a sentence and, on the right, its amount. `kind`: "pool", "step", "mine" or "note" (no amount)."""

    kind: str
    sentence: str
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    title: str
    rows: tuple[Row, ...]


def explain(document: StatementDocument, share: Share) -> Explanation:
    """The whole way of one contribution; amounts as text. A correction tells what holds now and what was told before."""
    if document.corrects:
        reversed_ = document.run_kind is RunKind.REVERSAL
        return Explanation(words.CONTRIBUTIONS[share.contribution], tuple(_correction_rows(share, reversed_=reversed_)))
    if share.source:
        sentence = words.GIVEN.get(share.source, words.GIVEN["gse_published"])
        if share.contribution is Contribution.EXCESS and document.run_kind is RunKind.ADVANCE:
            sentence = "L'acconto non comprende l'importo eccedentario"
        opening = [Row("pool", sentence, formats.euro(share.pool_cents))]
        return Explanation(words.CONTRIBUTIONS[share.contribution], tuple(opening + _split_rows(share)))
    opening = {
        Contribution.PREMIUM: _premium_rows,
        Contribution.VALORISATION: _valorisation_rows,
        Contribution.EXCESS: _excess_rows,
    }[share.contribution](document, share)
    return Explanation(words.CONTRIBUTIONS[share.contribution], tuple(opening + _split_rows(share)))


def average_tariff(premium_cents: int, incentivised_wh: int) -> str:
    """What one MWh earned on average, to two decimals; a dash when there was none."""
    if not incentivised_wh:
        return "–"
    return formats.number(Fraction(premium_cents * 10_000, incentivised_wh), 2) + formats.NBSP + "€/MWh"


def _correction_rows(share: Share, *, reversed_: bool) -> list[Row]:
    now = share.month_cents or 0
    return [
        Row("pool", NOTHING_LEFT if reversed_ else "Con i dati di oggi, per tutto il mese spettano al socio", formats.euro(now)),
        Row("step", "Meno quanto già comunicato per questo mese", formats.signed_euro(share.amount_cents - now)),
        Row("mine", "Differenza di questo rendiconto", formats.signed_euro(share.amount_cents)),
    ]


def _premium_rows(document: StatementDocument, share: Share) -> list[Row]:
    incentivised = sum(plant.incentivised_wh for plant in document.plants)
    if not incentivised:
        sentence = "Questo mese nessun impianto della configurazione ha avuto energia incentivata"
    else:
        sentence = (
            f"Energia incentivata della configurazione: {formats.kwh(incentivised)}, a "
            f"{average_tariff(document.premium_gross_cents, incentivised)} in media"
        )
    rows = [Row("pool", sentence, formats.euro(document.premium_gross_cents))]
    if share.pool_cents != document.premium_gross_cents:
        excess = formats.signed_euro(share.pool_cents - document.premium_gross_cents)
        rows.append(Row("step", "Meno l'importo eccedentario, che ha un riparto suo", excess))
    return rows


def _valorisation_rows(document: StatementDocument, share: Share) -> list[Row]:
    facts = document.valorisation
    trase = formats.eur_per_mwh(facts.trase_ueur_per_mwh)
    parts = [f"energia condivisa della configurazione {formats.kwh(facts.shared_wh)} × {trase} (tariffa di trasmissione TRASE)"]
    if document.configuration.kind is Kind.GROUP:
        btau = formats.eur_per_mwh(facts.btau_ueur_per_mwh)
        parts.append(f"energia condivisa nell'edificio {formats.kwh(facts.building_shared_wh)} × {btau} (BTAU)")
        parts.append(f"perdite di rete evitate {formats.euro(formats.half_up(facts.avoided_losses_cents_unrounded))}")
    sentence = " + ".join(parts)
    return [Row("pool", sentence[0].upper() + sentence[1:], formats.euro(share.pool_cents))]


def _excess_rows(document: StatementDocument, share: Share) -> list[Row]:
    rows = [Row("note", _excess_sentence(one)) for one in document.excess_sets if one.injected_wh]
    sentence = "Importo eccedentario del mese" if share.pool_cents else "Questo mese non c'è importo eccedentario"
    return [*rows, Row("pool", sentence, formats.euro(share.pool_cents))]


def _excess_sentence(one: ExcessSet) -> str:
    part = Fraction(one.incentivised_wh, one.injected_wh)
    threshold = Fraction(one.threshold)
    plants = "con contributo pubblico" if one.granted else "senza contributo pubblico"
    sentence = (
        f"Da gennaio gli impianti {plants} hanno immesso {formats.kwh(one.injected_wh)}, "
        f"di cui {formats.kwh(one.incentivised_wh)} incentivati: {formats.percent(part)}, soglia {formats.percent(threshold)}."
    )
    if part <= threshold:
        return sentence + " La soglia non è superata."
    points = formats.short_number((part - threshold) * 100, 2)
    return (
        sentence + f" I {points} punti oltre la soglia, sul premio di {formats.euro(one.premium_cents)}, fanno "
        f"{formats.euro(one.excess_year_cents)} nell'anno e {formats.euro(one.excess_month_cents)} in questo mese."
    )


def _split_rows(share: Share) -> list[Row]:
    if not share.pool_cents:
        return []
    rows = [_account_row(step) for step in share.steps if step.account]
    mine = [step for step in share.steps if not step.account]
    for step in mine:
        rows.append(Row("step", _block_sentence(step, share), formats.euro(step.block_cents)))
        rows.append(Row("mine", _member_sentence(step), formats.euro(step.cents)))
    if not mine:
        sentence = "Al socio non va alcuna parte di questa voce"
        rows.append(Row("mine", sentence, formats.euro(share.amount_cents)))
    return rows


def _account_row(step: Step) -> Row:
    account = plain(words.account(step.account), 60)
    percent = f"il {formats.percent_of_hundred(step.percent)} " if step.percent is not None else ""
    sentence = f"Meno {percent}destinato al conto «{account}»"
    if step.block == "undistributed":
        sentence = f"Meno la parte a cui nessun socio ha titolo, tenuta sul conto «{account}»"
    return Row("step", sentence, formats.signed_euro(-step.cents))


def _block_sentence(step: Step, share: Share) -> str:
    if share.contribution is Contribution.EXCESS:
        part = "Ai soci che non sono imprese va il resto"
    else:
        who = words.BLOCKS.get(step.block, plain(step.block, 40))
        producers = share.producers_percent
        percent = producers if producers is None or step.block == "producers" else 100 - producers
        part = f"Ai {who} va tutto il resto"
        if percent is not None and percent != 100:
            part = f"Ai {who} va il {formats.percent_of_hundred(percent)} di quanto resta"
    if step.key == "equal":
        return f"{part}, in parti uguali"
    if step.key == "fixed":
        return f"{part}, secondo quote fisse"
    return f"{part}, in proporzione all'{words.KEYS.get(step.key, plain(step.key, 40))}"


def _member_sentence(step: Step) -> str:
    part = Fraction(step.weight, step.weight_total) if step.weight_total else Fraction(0)
    if step.key == "fixed":
        return f"Quota del socio: {formats.percent(part)}"
    if step.key == "equal":
        return f"Quota del socio: una parte su {formats.number(Fraction(step.weight_total, step.weight or 1))}"
    return f"Quota del socio: {formats.kwh(step.weight)} su {formats.kwh(step.weight_total)} ({formats.percent(part)})"
