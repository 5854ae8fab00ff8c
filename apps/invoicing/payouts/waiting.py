"""Read: batches that wait for a person longer than their community allows. What became of them?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import QuerySet
from django.utils import timezone

from apps.invoicing.models import PayoutBatch, PayoutSettings

State = PayoutBatch.State


class Why(StrEnum):
    FAILED = "failed"  # the file could not be written
    UNCONFIRMED = "unconfirmed"  # handed out, and nobody said what the bank did
    UNSENT = "unsent"  # made, and nobody fetched the file


@dataclass(frozen=True, slots=True)
class WaitingBatch:
    batch: PayoutBatch
    why: Why
    due_on: date


def list_waiting_batches(batches: QuerySet[PayoutBatch], *, on: date) -> Iterator[WaitingBatch]:
    """Those of these batches that wait on a day, oldest first. A failed file waits from the day the batch was made."""
    found = batches.filter(state__in=[State.DRAFT, State.READY]).select_related("community__payout_settings")
    for batch in found.order_by("created_at", "pk"):
        settings = getattr(batch.community, "payout_settings", None) or PayoutSettings()
        made_on = _local(batch.created_at)
        if batch.error:
            yield WaitingBatch(batch, Why.FAILED, made_on)
            continue
        why, since = (Why.UNCONFIRMED, _local(batch.downloaded_at)) if batch.downloaded_at else (Why.UNSENT, made_on)
        due_on = since + timedelta(days=settings.remind_after_days)
        if due_on <= on:
            yield WaitingBatch(batch, why, due_on)


def _local(at: datetime) -> date:
    return at.astimezone(timezone.get_default_timezone()).date()
