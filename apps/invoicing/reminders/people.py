"""Who is in charge of a community, and who wants no letters about it."""

from datetime import date

from django.db.models import Q

from apps.accounts.models import User
from apps.communities.models import Community, Role
from apps.invoicing.reminders.models import PersonInCharge, ReminderSilence


def list_people_in_charge(*, community_id: int, on: date) -> list[User]:
    """Who is recorded as in charge on a day; nobody recorded: all administrators. Only those who may still log in here."""
    in_force = Q(valid_from__lte=on) & (Q(valid_to__isnull=True) | Q(valid_to__gt=on))
    recorded = PersonInCharge.objects.filter(in_force, community=community_id).values("user")
    administrators = User.objects.filter(
        roles__community=community_id, roles__kind=Role.Kind.ADMINISTRATOR, is_active=True, is_staff=True
    )
    named = administrators.filter(pk__in=recorded)
    return list((named if named.exists() else administrators).order_by("pk"))


def get_person_in_charge(*, community_id: int, on: date) -> User | None:
    """Who is recorded as in charge on a day, if anybody is."""
    in_force = Q(valid_from__lte=on) & (Q(valid_to__isnull=True) | Q(valid_to__gt=on))
    row = PersonInCharge.objects.filter(in_force, community=community_id).select_related("user").first()
    return row.user if row else None


def list_readers(*, community_id: int, on: date) -> list[User]:
    """The people in charge who want letters."""
    silent = set(ReminderSilence.objects.filter(community=community_id).values_list("user", flat=True))
    return [user for user in list_people_in_charge(community_id=community_id, on=on) if user.pk not in silent]


def is_silent(*, user: User, community: Community) -> bool:
    return ReminderSilence.objects.filter(user=user, community=community).exists()
