"""Words and colours of letters and reminders."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.backoffice.templatetags.quantities import month_name
from apps.invoicing.models import MailMessage, Reminder

State = MailMessage.State
TONES = {
    State.QUEUED: "waiting",
    State.SENDING: "computing",
    State.SENT: "approved",
    State.BOUNCED: "failed",
    State.FAILED: "failed",
    State.UNKNOWN: "parked",
    State.WITHDRAWN: "",
}


def title_of_letter(letter: MailMessage) -> str:
    """What the letter is about and to whom."""
    if letter.document is None or letter.member is None:
        return _("Promemoria a %(name)s") % {"name": str(letter.user)}
    run = letter.document.run
    return _("Rendiconto di %(month)s a %(name)s") % {"month": month_name(run.month), "name": letter.member.name}


def address_of_reminder(reminder: Reminder, *, may_act: bool) -> str:
    """Where something can be done about it, or be looked at by who may only look."""
    facts: dict[str, Any] = reminder.facts
    match Reminder.Kind(reminder.kind):
        case Reminder.Kind.MONTH_MISSING:
            month = facts["month"]
            which = f"?configuration={reminder.configuration_id}&month={int(month[5:7])}&year={month[:4]}"
            if may_act:
                return f"{reverse('admin:settlement_settlementrun_new')}{which}&kind=provisional"
            return f"{reverse('admin:metering_measureimport_completeness')}{which}"
        case Reminder.Kind.MAIL_TROUBLE:
            return reverse("admin:invoicing_mailmessage_run", args=[facts["run"]])
        case Reminder.Kind.PARAMETER_MISSING:
            return reverse("admin:settlement_ruleparameter_changelist")
        case Reminder.Kind.PAYOUT_WAITS:
            return reverse("admin:invoicing_payoutbatch_change", args=[facts["batch"]])
        case Reminder.Kind.GSE_EXPECTED | Reminder.Kind.YEARLY_REPORT:
            return reverse("admin:invoicing_reminder_calendar")
        case _:
            return reverse("admin:settlement_settlementrun_change", args=[facts["run"]])
