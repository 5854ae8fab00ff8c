"""The workers' door to the audit trail: look at it every day, and keep what was found."""

import logging

from celery import shared_task
from django.utils import timezone

from apps.settlement.audit.checks import look_at_trail, record_check

log = logging.getLogger(__name__)


@shared_task(name="settlement.verify_trail")
def verify_trail() -> None:
    """Walk the trail. What is wrong with it stands on the first page of the backoffice until a later look finds nothing."""
    look = look_at_trail()
    if look.sentence:
        log.error("The audit trail is broken. %s", look.sentence)
    record_check(look=look, as_of=timezone.now())
