"""Read letters: what is due, one with everything that it says, who of a run got what."""

from datetime import datetime

from django.db.models import QuerySet

from apps.invoicing.delivery.models import MailMessage


def list_due(*, as_of: datetime, limit: int) -> list[int]:
    """Letters that wait and whose time has come, the oldest first."""
    due = MailMessage.objects.filter(state=MailMessage.State.QUEUED, due_at__lte=as_of)
    return list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:limit])


def get_message(*, message_id: int) -> MailMessage:
    """A letter with all that is needed to write it."""
    rows = MailMessage.objects.select_related(
        "document__run__configuration", "member__mail_choice", "member__user", "community__delivery", "user"
    )
    return rows.defer("document__frozen", "community__logo").get(pk=message_id)


def list_letters_of_run(run_id: int) -> QuerySet[MailMessage]:
    """The letters about the statements of a run, by member."""
    return (
        MailMessage.objects.filter(document__run=run_id)
        .select_related("member", "document")
        .defer("document__frozen")
        .order_by("member__code")
    )


def list_letters_of_member(member_id: int) -> QuerySet[MailMessage]:
    """All letters to a member, the newest first."""
    return (
        MailMessage.objects.filter(member=member_id)
        .select_related("document__run__configuration")
        .defer("document__frozen")
        .order_by("-queued_at", "-pk")
    )
