"""A statement as the template sees it: every value already a text, harmless and in Italian."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from apps.engine.inputs import RunKind
from reports import charts, formats, words
from reports.charts import Series, Words
from reports.documents import PlantPremium, StatementDocument
from reports.explanation import Explanation, average_tariff, explain
from reports.formats import plain
from reports.statement_notes import notes_of

DRAFT = "BOZZA – non approvato"
MOST_PLANTS = 8
MOST_WITH_AIR = 24  # rows on the second page; with more of them they stand closer, so that it stays one page
ESTIMATED = "stima"  # the tariff of an advance, which no energy stands behind
MOST_ON_THE_FIRST_PAGE = 7
MOST_POINTS = 8


@dataclass(frozen=True, slots=True)
class Card:
    """One quantity of energy and what it means."""

    name: str
    amount: str
    meaning: str
    color: str


@dataclass(frozen=True, slots=True)
class Cells:
    """One line of a table; `kind` "total" for the last one, "quiet" for what earns nothing."""

    cells: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class StatementView:
    title: str
    month: str
    year: str
    author: str
    issued_on_iso: str
    issuer_name: str
    issuer_lines: tuple[str, ...]
    reference: str
    foot: str
    banners: tuple[tuple[str, str], ...]
    member_name: str
    member_lines: tuple[str, ...]
    document_lines: tuple[str, ...]
    total: str
    total_note: str
    cards: tuple[Card, ...]
    chart: str
    chart_note: str
    contributions: tuple[Cells, ...]
    explanations: tuple[Explanation, ...]
    plants: tuple[Cells, ...]  # five cells, or four when the third says why there is no premium
    year_rows: tuple[Cells, ...]
    points: tuple[Cells, ...]
    points_first: str
    density: str
    notes: tuple[tuple[str, str], ...]


def view_of(document: StatementDocument) -> StatementView:
    """Everything a statement says, in the order in which it says it."""
    month = formats.month(document.year, document.month)
    name = plain(document.member.name) or plain(document.member.code)
    issuer = plain(document.issuer.name)
    explanations = tuple(explain(document, share) for share in document.shares)
    rows = sum(len(one.rows) + 1 for one in explanations) + len(document.plants[: MOST_PLANTS + 1]) + len(document.year_rows)
    points_first = len(document.points) + 2 * len(_banners(document)) <= MOST_ON_THE_FIRST_PAGE
    if not points_first:
        rows += len(document.points[: MOST_POINTS + 1]) + 3
    return StatementView(
        title=f"Rendiconto di {month} – {name}",
        month=month,
        year=str(document.year),
        author=issuer,
        issued_on_iso=document.issued_on.isoformat(),
        issuer_name=issuer,
        issuer_lines=_issuer_lines(document),
        reference=plain(document.reference),
        foot=_foot(document),
        banners=_banners(document),
        member_name=name,
        member_lines=_member_lines(document),
        document_lines=_document_lines(document),
        total=formats.euro(document.total_cents),
        total_note=_total_note(document),
        cards=_cards(document),
        chart=_chart(document),
        chart_note=_chart_note(document),
        contributions=_contributions(document),
        explanations=explanations,
        plants=_plants(document),
        year_rows=_year_rows(document),
        points=_points(document),
        points_first="yes" if points_first else "",
        density="dense" if rows > MOST_WITH_AIR else "",
        notes=notes_of(document),
    )


def _issuer_lines(document: StatementDocument) -> tuple[str, ...]:
    issuer = document.issuer
    code = f"C.F. {plain(issuer.tax_code, 30)}" if issuer.tax_code else ""
    form = words.LEGAL_FORMS.get(issuer.legal_form, plain(issuer.legal_form, 60))
    legal = " · ".join(part for part in (form, code) if part)
    bank = f"IBAN {plain(issuer.iban_masked, 40)}" if issuer.iban_masked else ""
    return tuple(line for line in (legal, plain(issuer.address, 140), bank) if line)


def _member_lines(document: StatementDocument) -> tuple[str, ...]:
    member = document.member
    kind = words.MEMBER_KINDS.get(member.kind, plain(member.kind, 40))
    code = f"C.F. {plain(member.tax_code, 30)}" if member.tax_code else ""
    identity = " · ".join(part for part in (f"Socio {plain(member.code, 40)}", kind, code) if part)
    return tuple(line for line in (plain(member.address, 140), identity) if line)


def _document_lines(document: StatementDocument) -> tuple[str, ...]:
    configuration = document.configuration
    approved = f"approvato il {formats.day(document.approved_on)}" if document.approved_on else "non ancora approvato"
    lines = [
        f"Rendiconto {plain(document.reference, 80)}",
        f"Emesso il {formats.day(document.issued_on)}, {approved}",
        f"Configurazione {plain(configuration.code, 40)}",
        f"Cabina primaria {plain(configuration.primary_substation, 20)}",
    ]
    if document.supersedes:
        lines.append(f"Sostituisce {plain(document.supersedes, 80)}")
    return tuple(lines)


def _banners(document: StatementDocument) -> tuple[tuple[str, str], ...]:
    """(kind, text) of what must be seen first."""
    banners = []
    if document.approved_on is None:
        banners.append(
            ("draft", f"{DRAFT}. Gli importi possono ancora cambiare: questo documento non dà diritto ad alcuna somma.")
        )
    if document.corrects:
        banners.append(("correction", _difference_sentence(document)))
    if document.run_kind is RunKind.ADVANCE:
        sentence = (
            "Acconto: gli importi sono una stima del GSE, fatta prima delle misure. "
            "Quando il mese sarà calcolato, un altro rendiconto dirà la differenza."
        )
        banners.append(("provisional", sentence))
    if document.run_kind is RunKind.PROVISIONAL:
        sentence = "Calcolo provvisorio, fatto con le misure disponibili: il calcolo definitivo può dare importi diversi."
        banners.append(("provisional", sentence))
    if document.missing:
        hours = sum(one.hours for one in document.missing)
        lack = "manca 1 ora, contata" if hours == 1 else f"mancano {formats.number(hours)} ore, contate"
        sentence = f"Misure incomplete: ai contatori di questo socio {lack} come 0 kWh. Si veda la nota."
        banners.append(("missing", sentence))
    return tuple(banners)


def _difference_sentence(document: StatementDocument) -> str:
    """What the amounts are differences to, and why this run posts them."""
    reference, month = plain(document.corrects, 80), formats.euro(document.month_cents)
    if document.posted_as == RunKind.REVERSAL.value:
        return (
            f"Storno del rendiconto {reference} e dei successivi: la comunità ha annullato il mese e gli importi sono l'esatto "
            f"contrario di quanto comunicato. Per questo mese al socio spettano ora {month}."
        )
    opening = {
        RunKind.FINAL.value: f"Calcolo definitivo, dopo il rendiconto {reference}",
        RunKind.PROVISIONAL.value: f"Calcolo con le misure, dopo il rendiconto {reference}",
    }.get(document.posted_as, f"Rettifica del rendiconto {reference}")
    return (
        f"{opening}: gli importi sono le differenze, in più o in meno, rispetto a quanto già comunicato. "
        f"Per tutto il mese al socio spettano ora {month}."
    )


def _total_note(document: StatementDocument) -> str:
    if document.posted_as == RunKind.REVERSAL.value:
        return f"Storno: il mese vale ora {formats.euro(document.month_cents)}."
    if document.corrects and document.posted_as not in ("", "correction"):
        return f"Differenza: con questo calcolo il mese vale {formats.euro(document.month_cents)}."
    if document.corrects:
        return f"Differenza: con questa rettifica il mese vale {formats.euro(document.month_cents)}."
    if document.total_cents == 0:
        return "Questo mese al socio non spetta alcun importo. La seconda pagina spiega perché."
    year = sum(row.total_cents for row in document.year_rows)
    if len(document.year_rows) > 1:
        return f"Da gennaio, con questo mese: {formats.euro(year)}."
    return "Come nasce è spiegato nella seconda pagina."


def _cards(document: StatementDocument) -> tuple[Card, ...]:
    energy = document.energy
    cards: list[Card] = []
    if document.run_kind is RunKind.REVERSAL:
        return ()
    if energy.withdrawn_wh or not energy.injected_wh:
        part = Fraction(energy.shared_wh, energy.withdrawn_wh) if energy.withdrawn_wh else Fraction(0)
        meaning = "Presa dalla rete attraverso i contatori del socio."
        cards.append(Card("Energia prelevata", formats.kwh(energy.withdrawn_wh), meaning, charts.WITHDRAWN))
        meaning = (
            "Prelevata nelle stesse ore in cui gli impianti della comunità immettevano energia in rete: "
            f"{formats.percent(part)} del prelievo."
        )
        cards.append(Card("Energia condivisa", formats.kwh(energy.shared_wh), meaning, charts.SHARED))
    if energy.injected_wh:
        meaning = "Ceduta alla rete dagli impianti del socio."
        cards.append(Card("Energia immessa", formats.kwh(energy.injected_wh), meaning, charts.INJECTED))
    if energy.taken_wh and energy.injected_wh:
        part = Fraction(energy.taken_wh, energy.injected_wh)
        meaning = f"Immessa e consumata dalla comunità nella stessa ora: {formats.percent(part)} dell'immissione."
        cards.append(Card("Usata dalla comunità", formats.kwh(energy.taken_wh), meaning, charts.TAKEN))
    return tuple(cards)


def _chart(document: StatementDocument) -> str:
    daily = document.daily
    if not (any(daily.withdrawn_wh) or any(daily.injected_wh)):
        return ""
    series = []
    if any(daily.withdrawn_wh):
        series.append(Series("prelevata", daily.withdrawn_wh, charts.WITHDRAWN))
        series.append(Series("di cui condivisa", daily.shared_wh, charts.SHARED))
    if any(daily.injected_wh):
        series.append(Series("immessa", daily.injected_wh, charts.INJECTED, group=1))
        if daily.taken_wh:
            series.append(Series("di cui usata dalla comunità", daily.taken_wh, charts.TAKEN, group=1))
    month = formats.month(document.year, document.month)
    names = ", ".join(one.name for one in series)
    words_of_chart = Words(f"Energia del socio giorno per giorno, {month}", f"Un gruppo di barre per giorno: {names}, in kWh.")
    return charts.daily(daily.days, series, words_of_chart, width=720, height=175)


def _chart_note(document: StatementDocument) -> str:
    if document.run_kind is RunKind.REVERSAL:
        return "Lo storno annulla importi ed energie del mese. Le misure sono quelle dei rendiconti che annulla."
    totals = document.energy_of_configuration
    silence = (
        ""
        if document.energy.withdrawn_wh or document.energy.injected_wh
        else "I contatori del socio non hanno misurato energia. "
    )
    return (
        f"{silence}Nello stesso mese tutta la configurazione ha immesso {formats.kwh(totals.injected_wh)}, prelevato "
        f"{formats.kwh(totals.withdrawn_wh)} e condiviso {formats.kwh(totals.shared_wh)}."
    )


def _contributions(document: StatementDocument) -> tuple[Cells, ...]:
    rows = [
        Cells((words.CONTRIBUTIONS[share.contribution], formats.euro(share.pool_cents), formats.euro(share.amount_cents)))
        for share in document.shares
    ]
    pool = sum(share.pool_cents for share in document.shares)
    return (*rows, Cells(("Totale", formats.euro(pool), formats.euro(document.total_cents)), "total"))


def _plants(document: StatementDocument) -> tuple[Cells, ...]:
    """The plants that earned the premium and why the others did not; the smallest ones together when there are many."""
    plants = document.plants
    estimated = document.run_kind is RunKind.ADVANCE
    rows = [_plant(plant, estimated=estimated) for plant in plants[:MOST_PLANTS]]
    rest = plants[MOST_PLANTS:]
    if rest:
        energy = sum(plant.incentivised_wh for plant in rest)
        cents = sum(plant.premium_cents for plant in rest)
        tariff = ESTIMATED if estimated else average_tariff(cents, energy)
        rows.append(Cells((f"altri {len(rest)} impianti", "", formats.kwh(energy), tariff, formats.euro(cents))))
    return tuple(rows)


def _plant(plant: PlantPremium, *, estimated: bool) -> Cells:
    source = words.SOURCES.get(plant.source, plain(plant.source, 30))
    name = f"{plain(plant.code, 30)}, {source}"
    if plant.not_incentivised_because:
        reason = words.REASONS.get(plant.not_incentivised_because, plain(plant.not_incentivised_because, 40))
        cells = (name, formats.kilowatt(plant.power_kw), f"senza premio: {reason}", formats.euro(plant.premium_cents))
        return Cells(cells, "quiet")
    tariff = ESTIMATED if estimated else average_tariff(plant.premium_cents, plant.incentivised_wh)
    return Cells(
        (name, formats.kilowatt(plant.power_kw), formats.kwh(plant.incentivised_wh), tariff, formats.euro(plant.premium_cents))
    )


def _year_rows(document: StatementDocument) -> tuple[Cells, ...]:
    rows = []
    running = 0
    for row in document.year_rows:
        running += row.total_cents
        amounts = (row.premium_cents, row.valorisation_cents, row.excess_cents, row.total_cents, running)
        rows.append(Cells((formats.MONTHS[row.month - 1], *(formats.euro(cents) for cents in amounts))))
    totals = (
        sum(row.premium_cents for row in document.year_rows),
        sum(row.valorisation_cents for row in document.year_rows),
        sum(row.excess_cents for row in document.year_rows),
        running,
    )
    return (*rows, Cells((f"Totale {document.year}", *(formats.euro(cents) for cents in totals), ""), "total"))


def _points(document: StatementDocument) -> tuple[Cells, ...]:
    rows = []
    for point in document.points[:MOST_POINTS]:
        validity = f"dal {formats.day(point.valid_from)}"
        if point.valid_to is not None:
            validity += f" al {formats.day(point.valid_to - timedelta(days=1))}"
        energies = (formats.kwh(wh) for wh in (point.withdrawn_wh, point.injected_wh, point.shared_wh))
        rows.append(Cells((plain(point.pod, 20), validity, *energies)))
    rest = document.points[MOST_POINTS:]
    if rest:
        sums = (sum(p.withdrawn_wh for p in rest), sum(p.injected_wh for p in rest), sum(p.shared_wh for p in rest))
        rows.append(Cells((f"altri {len(rest)} punti", "", *(formats.kwh(wh) for wh in sums))))
    return tuple(rows)


def _foot(document: StatementDocument) -> str:
    parts = [plain(document.reference, 80)]
    if document.rules_version:
        parts.append(f"regole {plain(document.rules_version, 30)}")
    if document.code_version:
        parts.append(f"programma {plain(document.code_version, 30)}")
    if document.result_sha256:
        parts.append(f"impronta {plain(document.result_sha256, 64)[:16]}")
    return " · ".join(parts)
