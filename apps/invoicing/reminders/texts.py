"""What a reminder says to a person. Read from its facts, in the language of the moment."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.invoicing.delivery.models import MailMessage
from apps.invoicing.payouts.waiting import Why
from apps.invoicing.reminders.models import Reminder
from apps.settlement.models import SettlementRun

Kind = Reminder.Kind


def say_reminder(reminder: Reminder) -> str:
    """One sentence: where, what, and what to do."""
    names = {
        "where": reminder.configuration.code if reminder.configuration else reminder.community.name,
        "month": _month(reminder),
        "year": reminder.facts.get("year", ""),
        "count": reminder.facts.get("count", ""),
        "day": date_format(reminder.due_on, "d/m/Y"),
        "kind": _run_kind(reminder),
    }
    match Kind(reminder.kind):
        case Kind.MONTH_MISSING:
            return _("%(where)s, %(month)s: nessuna regolazione approvata.") % names
        case Kind.APPROVAL_WAITS:
            return _("%(where)s, %(month)s: la regolazione (%(kind)s) è calcolata e aspetta l’approvazione.") % names
        case Kind.PAYMENT_WAITS:
            return _("%(where)s, %(month)s: la regolazione (%(kind)s) è emessa e non risulta pagata.") % names
        case Kind.GSE_EXPECTED:
            return _say_publication(reminder, names)
        case Kind.MAIL_TROUBLE:
            return _("%(where)s, %(month)s: e-mail non arrivate o dall’esito ignoto: %(count)s.") % names
        case Kind.CORRECTION_WAITS:
            return _("%(where)s, %(month)s: sono arrivati dati nuovi ed è proposta una rettifica.") % names
        case Kind.PARAMETER_MISSING:
            return _("%(where)s: manca la TRASE del %(year)s. Senza, i mesi del %(year)s non si possono regolare.") % names
        case Kind.YEARLY_REPORT:
            return _("%(where)s: la rendicontazione al GSE dei benefici del %(year)s.") % names
        case Kind.PAYOUT_WAITS:
            return _say_payout(reminder, names)


def say_event(event: str) -> str:
    """A date of the GSE calendar, as a heading."""
    return {
        "advance": _("Acconto: pubblicazione"),
        "advance_paid": _("Acconto: pagamento"),
        "true_up": _("Conguaglio: pubblicazione"),
        "true_up_paid": _("Conguaglio: pagamento"),
        "recalculation": _("Ricalcolo: pubblicazione"),
        "recalculation_paid": _("Ricalcolo: pagamento"),
        "yearly_report": _("Rendicontazione annuale al GSE"),
    }[event]


def list_lines(message: MailMessage) -> list[str]:
    """The lines of a letter of reminders that still wait; none for any other letter."""
    rows = Reminder.objects.filter(mails__message=message, done_at__isnull=True).select_related("configuration", "community")
    return [f"{say_reminder(row)} {_('Entro il')} {date_format(row.due_on, 'd/m/Y')}." for row in rows.order_by("due_on", "key")]


def _say_publication(reminder: Reminder, names: dict[str, str]) -> str:
    if reminder.facts["event"] == "advance":
        return _("%(where)s: l’acconto GSE di %(month)s non risulta importato (atteso entro il %(day)s).") % names
    if reminder.facts["event"] == "true_up":
        return _("%(where)s: il conguaglio GSE del %(year)s non risulta importato (atteso entro il %(day)s).") % names
    return _("%(where)s: il ricalcolo GSE di %(month)s non risulta importato (atteso entro il %(day)s).") % names


def _say_payout(reminder: Reminder, names: dict[str, str]) -> str:
    names = {**names, "number": reminder.facts["number"]}
    match Why(reminder.facts["why"]):
        case Why.FAILED:
            return _("%(where)s: il file della distinta n. %(number)s non è riuscito; va annullata e rifatta.") % names
        case Why.UNCONFIRMED:
            return _("%(where)s: l’esito della distinta n. %(number)s in banca non è annotato.") % names
        case Why.UNSENT:
            return _("%(where)s: il file della distinta n. %(number)s non è stato scaricato.") % names


def _month(reminder: Reminder) -> str:
    text = reminder.facts.get("month", "")
    return _lower(date_format(date.fromisoformat(text), "F Y")) if text else ""


def _run_kind(reminder: Reminder) -> str:
    kind = reminder.facts.get("run_kind", "")
    return str(SettlementRun.Kind(kind).label) if kind else ""


def _lower(month: str) -> str:
    """Months are written small in Italian and as they are in English."""
    return month.lower() if get_language() == "it" else month
