"""What the yearly report says in sentences: whether it is a draft, how the money was split, where the figures come from."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from reports import formats, words
from reports.documents.benefits import BenefitsDocument
from reports.formats import plain


def draft_of(document: BenefitsDocument) -> str:
    """Why the report is not the last word yet; "" when it is."""
    if not document.missing_months:
        return ""
    names = ", ".join(formats.MONTHS[number - 1] for number in document.missing_months)
    return f"BOZZA: l'anno non è completo. Mancano i calcoli approvati di: {names}."


def provisional_of(document: BenefitsDocument) -> str:
    """Which months rest on provisional runs, and which on nothing but an advance; "" when none does."""
    texts = {
        "provisional": "Mesi calcolati in via provvisoria, ancora soggetti a conguaglio: {}.",
        "advance": "Mesi con il solo acconto del GSE, stimato prima delle misure: {}.",
    }
    found = []
    for kind, text in texts.items():
        if names := ", ".join(formats.MONTHS[row.month - 1] for row in document.months if row.kind == kind):
            found.append(text.format(names))
    return " ".join(found)


def rules_of(document: BenefitsDocument) -> list[tuple[str, str]]:
    """(since when and for what, how) of every distribution rule of the year."""
    found = []
    for rule in document.rules:
        since = f"Dal {formats.day(rule.valid_from)}"
        found.append((f"{since}, tariffa premio", _split(rule.table["premium"])))
        found.append((f"{since}, corrispettivo di valorizzazione", _split(rule.table["valorisation"])))
        found.append((f"{since}, importo eccedentario", _excess(rule.table.get("excess"))))
    return found


def _split(table: dict[str, Any]) -> str:
    taken = [f"{_percent(row['percent'])} al conto {plain(words.account(row['account']), 60)}" for row in table["deductions"]]
    producers = Decimal(table["producers_percent"])
    parts = []
    if producers:
        parts.append(f"{_percent(producers)} ai produttori per {_key(table['producers_key'])}")
    if producers != 100:
        parts.append(f"{_percent(100 - producers)} ai consumatori per {_key(table['consumers_key'])}")
    rest = "; del resto " if taken else ""
    return ", ".join(taken) + rest + ", ".join(parts) + "."


def _excess(table: dict[str, Any] | None) -> str:
    if table is None:
        return "tutto al fondo sociale."
    fund = Decimal(table["social_fund_percent"])
    others = f"{_percent(100 - fund)} ai consumatori diversi dalle imprese per {_key(table['consumers_key'])}"
    return f"{_percent(fund)} al fondo sociale, {others}." if fund else f"{others}."


def _percent(value: str | Decimal) -> str:
    return formats.percent_of_hundred(Decimal(value))


def _key(name: str) -> str:
    return words.KEYS.get(name, name)


def share_of(incentivised_wh: int, injected_wh: int) -> str:
    return formats.percent(Fraction(incentivised_wh, injected_wh)) if injected_wh else "–"


def gse_notes_of(document: BenefitsDocument) -> list[str]:
    """What the figures of GSE and of the bank are, and what they leave out."""
    if not document.gse_months:
        found = ["Non è registrato niente di ciò che il GSE ha pubblicato per l'anno."]
    else:
        found = [
            "Pubblicato e incassato sono quelli dei mesi dell'anno, registrati fino al giorno in cui la relazione è stata "
            "chiesta. Un bonifico che paga più mesi e contributi è attribuito a ciascuno al centesimo; le spese del GSE sono "
            "trattenute per intero. Un trattino vuol dire non noto, non zero."
        ]
        if any(row.excess_cents for row in document.months) and all(
            row.excess_published_cents is None for row in document.gse_months
        ):
            found.append("Il GSE non indica a parte l'importo eccedentario: se lo paga, sta nella sua tariffa premio.")
    if document.gse_fee_cents:
        found.append(f"Spese annue del GSE pubblicate per l'anno: {formats.euro(document.gse_fee_cents)}.")
    if document.unmatched_cents:
        found.append(
            f"Accrediti del GSE arrivati nell'anno e non ancora attribuiti: {formats.euro(document.unmatched_cents)}; "
            "non sono fra gli importi incassati."
        )
    return found


def notes_of(document: BenefitsDocument) -> list[tuple[str, str]]:
    """(heading, sentence): obligations, sources, and what the report does not know."""
    runs = ", ".join(str(number) for number in document.runs) or "nessuno"
    approved = f", ultima approvazione il {formats.day(document.last_approved_on)}" if document.last_approved_on else ""
    notes = [
        (
            "Obbligo",
            "Regole operative GSE, parte II, par. 2.2.2.1.3 (p. 39): il Referente fornisce al GSE una rendicontazione "
            "dettagliata su base annuale dei benefici e delle modalità della loro ripartizione, e tiene una contabilità "
            "separata per tipo di contribuzione.",
        ),
        (
            "Eccedentario",
            "Oltre la soglia (55 % in sola tariffa premio, 45 % con contributo in conto capitale) l'importo è destinato ai soli "
            "consumatori diversi dalle imprese e a finalità sociali sui territori degli impianti.",
        ),
        (
            "Importi",
            "Sono quelli calcolati dalla comunità secondo le Regole operative e ripartiti con i calcoli approvati e le loro "
            "rettifiche. La tariffa premio è al netto dell'eccedentario.",
        ),
        ("Categorie", "Il tipo di ciascun socio è quello registrato quando la relazione è stata chiesta."),
        ("Fonti", f"Calcoli numero {plain(runs, 900)}{approved}."),
    ]
    incomplete = [formats.MONTHS[row.month - 1] for row in document.months if row.missing_hours]
    if incomplete:
        notes.append(("Misure", f"Con ore di misura mancanti, contate come 0 kWh: {', '.join(incomplete)}."))
    return notes
