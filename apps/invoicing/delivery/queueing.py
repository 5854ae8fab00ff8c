"""Which letters should exist and do not: the statements of issued runs, for members who have an address and want them."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.accounts.models import User
from apps.invoicing.delivery.models import CommunityDelivery, MailMessage, MailStep
from apps.invoicing.delivery.recipients import SENT_WHILE, address_of
from apps.invoicing.models import IssuedDocument

# What was issued longer ago is sent when a person asks for it: switching delivery on must not write to people about last year.
FRESH = timedelta(days=30)


def list_unsent(*, run_id: int | None = None) -> QuerySet[IssuedDocument]:
    """Ready statements of issued runs that should go out and have no letter yet."""
    ready = IssuedDocument.objects.filter(
        kind=IssuedDocument.Kind.STATEMENT, state=IssuedDocument.State.READY, run__state__in=SENT_WHILE
    )
    if run_id is not None:
        ready = ready.filter(run=run_id)
    return (
        ready.exclude(run__configuration__community__delivery__statements=CommunityDelivery.Statements.OFF)
        .exclude(member__mail_choice__wants_statements=False)
        .filter(~Q(member__email="") | Q(member__user__isnull=False))
        .filter(~Exists(MailMessage.objects.filter(document=OuterRef("pk"))))
    )


def queue_statements(*, as_of: datetime) -> int:
    """Queue what should go out by itself: statements issued lately, and not while the community had switched it off."""
    fresh = list_unsent().filter(run__issued_at__gte=as_of - FRESH)
    since = "run__configuration__community__delivery__sends_since"
    return _queue(fresh.filter(Q(**{f"{since}__isnull": True}) | Q(run__issued_at__gte=F(since))), as_of=as_of)


def queue_run(*, run_id: int, asked_by: User, as_of: datetime) -> int:
    """Queue whatever of this run has no letter yet, however old, because a person asks for it."""
    return _queue(list_unsent(run_id=run_id), asked_by=asked_by, as_of=as_of)


@transaction.atomic
def _queue(documents: QuerySet[IssuedDocument], *, as_of: datetime, asked_by: User | None = None) -> int:
    """One letter per document and recipient; whoever comes second finds it and adds nothing."""
    found = documents.select_related("member__user", "run__configuration").defer("frozen").order_by("pk")
    letters = [
        MailMessage(
            key=f"statement/{document.pk}/{document.member.pk}",
            community_id=document.run.configuration.community_id,
            kind=MailMessage.Kind.STATEMENT,
            document=document,
            member=document.member,
            address=address_of(document.member),
            due_at=as_of,
            queued_at=as_of,
        )
        for document in found
        if document.member is not None
    ]
    return write_letters(letters, as_of=as_of, asked_by=asked_by)


def write_letters(letters: list[MailMessage], *, as_of: datetime, asked_by: User | None = None) -> int:
    """Insert those whose key is new, each with its first step. Returns how many."""
    keys = [letter.key for letter in letters]
    before = set(MailMessage.objects.filter(key__in=keys).values_list("key", flat=True))
    MailMessage.objects.bulk_create(letters, ignore_conflicts=True)
    fresh = MailMessage.objects.filter(key__in=[key for key in keys if key not in before], steps__isnull=True)
    steps = [
        MailStep(message=letter, at=as_of, occasion=1, to_state=MailMessage.State.QUEUED, user=asked_by)
        for letter in fresh.select_for_update(of=("self",)).order_by("pk")
    ]
    MailStep.objects.bulk_create(steps)
    return len(steps)
