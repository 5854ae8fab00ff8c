"""What became of it? Batches that wait for a person: sent to the bank and never confirmed, or never sent, or without a file."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from apps.backoffice.access import Person
from apps.backoffice.payouts.access import list_visible_batches
from apps.invoicing.models import PayoutBatch
from apps.invoicing.payouts.waiting import Why, list_waiting_batches


@dataclass(frozen=True, slots=True)
class Reminder:
    batch: PayoutBatch
    text: str
    tone: str


def list_reminders(user: Person, *, today: date) -> list[Reminder]:
    """The open batches that wait for longer than their community allows, oldest first."""
    texts = {
        Why.FAILED: _("file non riuscito"),
        Why.UNCONFIRMED: _("esito della banca non ancora annotato"),
        Why.UNSENT: _("file non ancora scaricato"),
    }
    return [
        Reminder(one.batch, texts[one.why], "failed" if one.why == Why.FAILED else "parked")
        for one in list_waiting_batches(list_visible_batches(user), on=today)
    ]
