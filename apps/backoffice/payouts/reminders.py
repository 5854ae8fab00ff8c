"""What became of it? Batches that wait for a person: sent to the bank and never confirmed, or never sent, or without a file."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import Person
from apps.backoffice.payouts.access import list_visible_batches
from apps.invoicing.models import PayoutBatch

DEFAULT_DAYS = 5
State = PayoutBatch.State


@dataclass(frozen=True, slots=True)
class Reminder:
    batch: PayoutBatch
    text: str
    tone: str


def list_reminders(user: Person, *, today: date) -> list[Reminder]:
    """The open batches that wait for longer than their community allows, oldest first."""
    waiting = list_visible_batches(user).filter(state__in=[State.DRAFT, State.READY]).select_related("community__payout_settings")
    found = []
    for batch in waiting.order_by("created_at"):
        settings = getattr(batch.community, "payout_settings", None)
        days = timedelta(days=settings.remind_after_days if settings else DEFAULT_DAYS)
        if batch.error:
            found.append(Reminder(batch, _("file non riuscito"), "failed"))
        elif batch.downloaded_at and timezone.localtime(batch.downloaded_at).date() + days <= today:
            found.append(Reminder(batch, _("esito della banca non ancora annotato"), "parked"))
        elif batch.downloaded_at is None and timezone.localtime(batch.created_at).date() + days <= today:
            found.append(Reminder(batch, _("file non ancora scaricato"), "parked"))
    return found
