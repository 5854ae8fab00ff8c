"""The only writers of reminders: keep them as the world is, let a person close one, write letters about new ones."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.communities.models import Community, Role
from apps.invoicing.delivery.models import MailMessage
from apps.invoicing.delivery.queueing import write_letters
from apps.invoicing.errors import InvoicingError
from apps.invoicing.reminders.models import PersonInCharge, Reminder, ReminderMail, ReminderSilence
from apps.invoicing.reminders.people import list_readers
from apps.invoicing.reminders.providers import PROVIDERS, Provider, Thing

log = logging.getLogger(__name__)
REMINDERS_LOCK = 7209  # advisory lock: two ticks at once take turns


class ReminderRefused(InvoicingError):
    """What a person asked for about reminders cannot be."""


def keep_reminders(*, as_of: datetime, providers: Sequence[Provider] = PROVIDERS) -> None:
    """Open what is missing, close what is done. Any number of times, in any order, two at once: the same rows.

    A provider that cannot look leaves its reminders as they are and does not stop the others.
    """
    for provider in providers:
        try:
            _keep(provider, as_of)
        except Exception:
            log.exception("Reminders of kind %s could not be looked after", provider.kind)


@transaction.atomic
def _keep(provider: Provider, as_of: datetime) -> None:
    _take_turns()
    wanted = {f"{provider.kind}/{thing.key}": thing for thing in provider.look(as_of)}
    have = {row.key: row for row in Reminder.objects.filter(kind=provider.kind)}
    for key, row in have.items():
        if key in wanted:
            _still_waits(row, wanted[key], as_of)
        elif row.done_at is None and row.opened_at <= as_of:  # a late tick of an earlier day closes nothing that came after it
            row.done_at = as_of
            row.save(update_fields=["done_at"])
    Reminder.objects.bulk_create(_reminder(provider, key, thing, as_of) for key, thing in wanted.items() if key not in have)


def _still_waits(row: Reminder, thing: Thing, as_of: datetime) -> None:
    """Say what holds now. Closed by itself it opens again; closed by a person only when there is more than they knew."""
    is_more = int(thing.facts.get("stamp", 0)) > int(row.facts.get("stamp", 0))
    if row.done_at is not None and row.done_at < as_of and (is_more or row.done_by_id is None):
        row.done_at = row.done_by = None
        row.opened_at = as_of
    elif row.done_at is not None:
        return
    row.facts, row.due_on = thing.facts, min(row.due_on, thing.due_on)
    row.save(update_fields=["done_at", "done_by", "opened_at", "facts", "due_on"])


def _reminder(provider: Provider, key: str, thing: Thing, as_of: datetime) -> Reminder:
    return Reminder(
        key=key,
        kind=provider.kind,
        community_id=thing.community_id,
        configuration_id=thing.configuration_id,
        facts=thing.facts,
        due_on=thing.due_on,
        opened_at=as_of,
    )


@transaction.atomic
def finish_reminder(*, reminder_id: int, done_by: User, as_of: datetime) -> Reminder:
    """A person says that the thing is done, or needs no doing. Twice is once."""
    row = Reminder.objects.select_for_update().get(pk=reminder_id)
    if row.done_at is None:
        row.done_at, row.done_by = as_of, done_by
        row.save(update_fields=["done_at", "done_by"])
    return row


@transaction.atomic
def write_reminder_letters(*, as_of: datetime) -> int:
    """Queue one letter a day at most to each person in charge, with the open reminders that were never written to them.

    Returns how many letters are new.
    """
    _take_turns()
    day = _day(as_of)
    by_community: dict[int, list[Reminder]] = defaultdict(list)
    for row in Reminder.objects.filter(done_at__isnull=True).order_by("due_on", "key"):
        by_community[row.community_id].append(row)
    count = 0
    for community_id, rows in by_community.items():
        for user in list_readers(community_id=community_id, on=day):
            written = set(ReminderMail.objects.filter(user=user, reminder__in=rows).values_list("reminder", flat=True))
            fresh = [row for row in rows if row.pk not in written]
            count += _write(community_id, user, fresh, day, as_of) if fresh else 0
    return count


def _write(community_id: int, user: User, rows: list[Reminder], day: date, as_of: datetime) -> int:
    letter = MailMessage(
        key=f"reminders/{community_id}/{user.pk}/{day}",
        community_id=community_id,
        kind=MailMessage.Kind.REMINDERS,
        user=user,
        address=user.email,
        due_at=as_of,
        queued_at=as_of,
    )
    if not write_letters([letter], as_of=as_of):
        return 0  # today's letter is written; what came up since waits for tomorrow's
    stored = MailMessage.objects.get(key=letter.key)
    ReminderMail.objects.bulk_create(ReminderMail(reminder=row, user=user, message=stored) for row in rows)
    return 1


@transaction.atomic
def choose_letters(*, user: User, community: Community, wants_letters: bool) -> None:
    """Write down whether somebody wants reminders about a community by e-mail."""
    if wants_letters:
        ReminderSilence.objects.filter(user=user, community=community).delete()
    else:
        ReminderSilence.objects.get_or_create(user=user, community=community)


@transaction.atomic
def put_in_charge(*, community: Community, user: User | None, from_day: date) -> None:
    """From a day on this person gets the reminders; None: all administrators again. Errors: `ReminderRefused`."""
    Community.objects.select_for_update().get(pk=community.pk)
    if user is not None and not Role.objects.filter(user=user, community=community, kind=Role.Kind.ADMINISTRATOR).exists():
        raise ReminderRefused(_("Only an administrator of the community can be put in charge of it."))
    rows = PersonInCharge.objects.filter(community=community)
    if rows.filter(valid_from__gt=from_day).exists():
        raise ReminderRefused(_("Somebody is put in charge from a later day already. Give that day or a later one."))
    rows.filter(valid_from=from_day).delete()
    rows.filter(valid_to__isnull=True).update(valid_to=from_day)
    if user is not None:
        PersonInCharge.objects.create(community=community, user=user, valid_from=from_day)


def _take_turns() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [REMINDERS_LOCK])


def _day(as_of: datetime) -> date:
    return as_of.astimezone(timezone.get_default_timezone()).date()
