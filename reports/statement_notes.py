"""What a statement says about itself: what it is, what it is not, what was missing, what may still change."""

from apps.engine.results import MissingHours
from reports import formats
from reports.documents import StatementDocument
from reports.formats import plain

WHAT_IT_IS = (
    "È il rendiconto di come la comunità ripartisce fra i soci ciò che il GSE riconosce alla configurazione per l'energia "
    "condivisa, secondo le regole di riparto in vigore nel mese."
)
WHAT_IT_IS_NOT = (
    "Non è una fattura né un documento fiscale: la tariffa premio e il corrispettivo di valorizzazione girati ai soci sono fuori "
    "dal campo di applicazione dell'IVA. Non è una bolletta: le bollette del fornitore di energia restano dovute per intero. "
    "Per le imposte sul reddito conta la situazione di ciascuno, in particolare di chi è impresa: in caso di dubbio conviene "
    "chiedere al proprio consulente."
)
WHAT_MAY_CHANGE = (
    "Il GSE può ricalcolare i mesi passati quando i distributori correggono le misure: in quel caso la differenza, in più o in "
    "meno, compare in un rendiconto successivo."
)
MISSING_OF_THE_MEMBER = (
    "Queste ore non sono note e sono contate come 0 kWh: quando il distributore le comunicherà, il mese potrà essere ricalcolato "
    "e la differenza comparirà in un rendiconto successivo."
)
MISSING_OF_OTHERS = (
    "contate come 0 kWh. Quando saranno note potranno cambiare i totali della configurazione e, con essi, la quota del socio."
)
MOST_PODS = 8


def notes_of(document: StatementDocument) -> tuple[tuple[str, str], ...]:
    """(heading, sentence) pairs, the most urgent first."""
    notes = []
    if document.missing:
        notes.append(("Misure mancanti", f"{_listed(document.missing)}. {MISSING_OF_THE_MEMBER}"))
    elif document.configuration_missing_hours:
        hours = formats.number(document.configuration_missing_hours)
        sentence = (
            f"Ai contatori di questo socio non manca nulla; a quelli di altri mancano in tutto {hours} ore, {MISSING_OF_OTHERS}"
        )
        notes.append(("Misure mancanti", sentence))
    notes.append(("Che cos'è questo documento", WHAT_IT_IS))
    notes.append(("Che cosa non è", WHAT_IT_IS_NOT))
    notes.append(("Se cambia qualcosa", WHAT_MAY_CHANGE))
    if document.stamp_duty_cents:
        notes.append(
            ("Imposta di bollo", f"{formats.euro(document.stamp_duty_cents)} su questo documento, non compresi negli importi.")
        )
    if document.contact_email:
        notes.append(("Domande", f"Scrivere a {plain(document.contact_email, 100)} indicando il numero del rendiconto."))
    return tuple(notes)


def _listed(missing: tuple[MissingHours, ...]) -> str:
    listed = [f"{plain(one.pod, 20)}: {_hours(one.hours)}" for one in missing[:MOST_PODS]]
    rest = missing[MOST_PODS:]
    if rest:
        listed.append(f"altri {len(rest)} POD: {_hours(sum(one.hours for one in rest))}")
    return "; ".join(listed)


def _hours(hours: int) -> str:
    return "1 ora" if hours == 1 else f"{formats.number(hours)} ore"
