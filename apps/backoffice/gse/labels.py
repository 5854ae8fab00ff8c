"""Reasons of differences and contributions in the reader's words."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.backoffice.templatetags.quantities import euro
from apps.engine.gse_differences import Finding, Line, Reason
from apps.engine.inputs import Contribution


def contribution_name(contribution: Contribution) -> str:
    return {
        Contribution.PREMIUM: _("Tariffa premio"),
        Contribution.VALORISATION: _("Valorizzazione"),
        Contribution.EXCESS: _("Importo eccedentario"),
    }[contribution]


def sentence(finding: Finding) -> str:
    """One finding as a person reads it."""
    words = {
        "day": date_format(finding.due_on, "d/m/Y") if finding.due_on else "",
        "cents": euro(finding.cents),
        "expected": euro(finding.expected_cents or 0),
    }
    return {
        Reason.ROUNDING: _("Arrotondamento di %(cents)s."),
        Reason.NOT_SETTLED: _("Il mese non ha ancora un calcolo proprio."),
        Reason.OWN_UNKNOWN: _("Calcolo proprio non noto: la regolazione ha ripartito l’importo del GSE e non lo conserva."),
        Reason.NOT_YET_PUBLISHED: _("Il GSE pubblica entro il %(day)s: attesi %(expected)s."),
        Reason.ADVANCE_ONLY: _("Finora solo l’acconto: conguaglio atteso %(expected)s, entro il %(day)s."),
        Reason.EXCESS_INSIDE: _("Il GSE scrive il premio con l’importo eccedentario dentro."),
        Reason.NOT_YET_PAID: _("Pagamento atteso entro il %(day)s."),
        Reason.CARRIED: _("Saldo di %(expected)s, sotto la soglia dei 50 €: riportato al pagamento successivo.")
        if (finding.expected_cents or 0) >= 0
        else _("Saldo a debito, %(expected)s: compensato con i pagamenti successivi."),
        Reason.FEE_NETTED: _("Trattenute le spese annue del GSE (%(expected)s)."),
        Reason.EXPLAINED: _("Differenza di %(cents)s spiegata."),
        Reason.ADVANCE_DIFFERS: _("L’acconto differisce di %(cents)s da quello atteso, %(expected)s."),
        Reason.NOT_PUBLISHED: _("Il GSE non ha pubblicato entro il %(day)s: mancano %(expected)s."),
        Reason.DIFFERS: _("GSE e calcolo proprio differiscono di %(cents)s."),
        Reason.NOT_RECEIVED: _("Niente in banca: era atteso entro il %(day)s."),
        Reason.PAID_DIFFERS: _("Il pagamento atteso il %(day)s differisce in tutto di %(expected)s."),
    }[finding.reason] % words


def outcome_of(line: Line) -> tuple[str, str]:
    """The tone of a pill and its word."""
    if line.is_open:
        return "failed", _("aperta")
    if line.findings:
        waiting = {Reason.NOT_YET_PUBLISHED, Reason.NOT_YET_PAID, Reason.ADVANCE_ONLY, Reason.NOT_SETTLED, Reason.CARRIED}
        if any(finding.reason in waiting for finding in line.findings):
            return "waiting", _("in attesa")
        if any(finding.reason is Reason.OWN_UNKNOWN for finding in line.findings):
            return "waiting", _("non confrontabile")
        return "computed", _("spiegata")
    if line.gse_cents is None:
        return "", "–"
    return "approved", _("torna")


def sentences(line: Line) -> list[str]:
    return list(dict.fromkeys(sentence(finding) for finding in line.findings))
