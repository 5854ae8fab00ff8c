"""The workers' door to reminders: look at what should exist once a day, write to the people in charge."""

from celery import shared_task
from django.utils import timezone

from apps.invoicing.reminders import operations


@shared_task(name="reminders.keep_reminders")
def keep_reminders() -> None:
    """Open and close reminders, then queue letters about those that are new. May be lost, may run twice or at once."""
    as_of = timezone.now()
    operations.keep_reminders(as_of=as_of)
    operations.write_reminder_letters(as_of=as_of)
