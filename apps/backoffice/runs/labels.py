"""The machine words of a run as people say them."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.templatetags.quantities import euro, whole
from apps.settlement.models import SettlementRun

State = SettlementRun.State

PHASES = {
    "": lazy("In attesa di un elaboratore libero"),
    "gather": lazy("Raccolta di misure, prezzi e regole"),
    "decide": lazy("Calcolo di energia condivisa e importi"),
    "snapshot": lazy("Scrittura dell’istantanea dei dati"),
    "write": lazy("Registrazione dei risultati"),
}

NOT_INCENTIVISED = {
    "existing": lazy("in esercizio prima del 16/12/2021: divide l’energia, ma non prende la tariffa premio"),
    "too_large": lazy("potenza oltre il limite dell’incentivo"),
    "grant_too_high": lazy("contributo in conto capitale oltre il limite"),
    "not_renewable": lazy("fonte non rinnovabile"),
}

ACCOUNTS = {
    "management": lazy("Gestione"),
    "social_fund": lazy("Fondo sociale"),
    "reserve": lazy("Riserva"),
    "undistributed": lazy("Non ripartito"),
}

CONTRIBUTIONS = {
    "premium": lazy("Tariffa premio"),
    "valorisation": lazy("Valorizzazione"),
    "excess": lazy("Importo eccedentario"),
}

GIVEN = {
    "gse_advance": lazy("Gli importi sono l’acconto del GSE, stimato per ogni impianto prima delle misure."),
    "gse_published": lazy("Gli importi sono quelli pubblicati dal GSE."),
}

# What a state looks like at a glance: the colour never stands without its word.
TONES = {
    State.DRAFT: "waiting",
    State.COMPUTING: "waiting",
    State.COMPUTED: "computed",
    State.APPROVED: "approved",
    State.ISSUED: "approved",
    State.PAID: "approved",
    State.REVERSED: "quiet",
    State.PARKED: "parked",
    State.FAILED: "failed",
}


def phase_text(run: SettlementRun) -> str:
    return str(PHASES.get(run.phase, run.phase))


def account_text(account: str) -> str:
    return str(ACCOUNTS.get(account, account))


def attention_text(note: dict[str, Any], names: dict[str, str]) -> str:
    """One thing that lies beyond the bounds, as a sentence."""
    member = f"{note.get('member', '')} {names.get(note.get('member', ''), '')}".strip()
    if note["what"] == "lines":
        return _("Le registrazioni sono %(lines)s, più di %(most)s: POD per ore del mese.") % {
            "lines": whole(note["lines"]),
            "most": whole(note["most"]),
        }
    if note["what"] == "negative":
        return _("%(member)s ha un totale negativo: %(amount)s.") % {"member": member, "amount": euro(note["cents"])}
    if note["what"] == "change":
        return _("%(member)s passa da %(before)s del mese precedente a %(now)s.") % {
            "member": member,
            "before": euro(note["before_cents"]),
            "now": euro(note["cents"]),
        }
    return str(note)
