"""Who is looking, and as which members. The link `Member.user` is read at every request: cut it and the pages are gone."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest

from apps.accounts.models import User
from apps.communities.models import Member


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with the members that are theirs. Being staff opens nothing here."""

    user: User
    members: tuple[Member, ...]

    @property
    def member_ids(self) -> list[int]:
        return [member.pk for member in self.members]

    def get_member(self, member_id: int) -> Member:
        """One of the visitor's members. Anybody else's, and none at all, are the same answer: `Http404`."""
        for member in self.members:
            if member.pk == member_id:
                return member
        raise Http404


def get_visitor(request: HttpRequest) -> Visitor:
    """The visitor behind a request of somebody who has logged in. Reads names only: no tax code, no IBAN, no logo."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    members = (
        Member.objects.filter(user=user)
        .select_related("community")
        .only("code", "name", "email", "user", "community__name", "community__contact_email")
        .order_by("community__name", "code")
    )
    return Visitor(user=user, members=tuple(members))
