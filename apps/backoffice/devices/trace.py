"""Who did what to a device or a message: in Django's own log, where the other changes of the admin stand."""

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from apps.backoffice.access import person
from apps.metering.models import DeadLetter, Device


def note_change(request: HttpRequest, changed: Device | DeadLetter, text: str) -> None:
    """Write down what somebody has just done. `text` is English: the log is for who looks into things afterwards."""
    LogEntry.objects.create(
        user=person(request),
        content_type=ContentType.objects.get_for_model(changed),
        object_id=str(changed.pk),
        object_repr=str(changed)[:200],
        action_flag=CHANGE,
        change_message=text,
    )
