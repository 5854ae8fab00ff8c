"""Members and their periods of membership: what the file would change."""

from django.utils.translation import gettext as _

from apps.communities.community_file.changes import given
from apps.communities.community_file.draft import Draft
from apps.communities.community_file.fields import KEEP
from apps.communities.community_file.rows import MemberRow
from apps.communities.community_file.spans import Span
from apps.communities.models import Member, Membership


def plan_members(draft: Draft) -> None:
    """Create or update the members of the file by code, each with the period that the file gives."""
    for row in draft.document.members:
        draft.members[row.code] = _plan_member(row, draft)


def _plan_member(row: MemberRow, draft: Draft) -> Member:
    values = {
        "name": row.name,
        "kind": row.kind,
        "tax_code": row.tax_code,
        "iban": row.iban,
        "email": row.email,
        **row.gse,
    }
    member = draft.stored.members.get(row.code)
    if member is None:
        member = Member(community=draft.community, code=row.code, **given(values))
        draft.plan.create("members", row.code, row.path, member)
    else:
        draft.plan.update("members", row.code, row.path, member, values)
    if row.sound("joined_on", "left_on"):
        _plan_period(row, member, draft)
    return member


def _plan_period(row: MemberRow, member: Member, draft: Draft) -> None:
    """The file's period takes the place of the one stored period that it overlaps, or is a new one (somebody came back)."""
    periods = draft.stored.periods.setdefault(row.code, [])
    same = [period for period in periods if period.joined_on == row.joined_on]
    left_on = row.left_on if row.left_on is not KEEP else same[0].left_on if same else None
    span = Span(row.joined_on, left_on)
    touched = [period for period in periods if period in same or Span(period.joined_on, period.left_on).overlaps(span)]
    if len(touched) > 1:
        draft.problems.add(
            row.at("joined_on"),
            _("the period %(span)s overlaps %(count)s stored periods of %(code)s. Correct them in the backoffice first.")
            % {"span": span, "count": len(touched), "code": row.code},
        )
    elif touched:
        draft.plan.update("memberships", row.code, row.path, touched[0], {"joined_on": row.joined_on, "left_on": left_on})
    else:
        period = Membership(member=member, joined_on=row.joined_on, left_on=left_on)
        periods.append(period)
        draft.plan.create("memberships", row.code, row.path, period)
