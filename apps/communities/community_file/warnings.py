"""What is lawful but worth a look: points that reach beyond their member's membership or their configuration."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from apps.communities.community_file.draft import Draft
from apps.communities.community_file.plan_points import Claim
from apps.communities.community_file.spans import Span, join


def list_warnings(draft: Draft, claims: Mapping[str, Sequence[Claim]]) -> list[str]:
    """One sentence with its path per doubt, in the order of the file."""
    spans = {claim.path: claim.span for found in claims.values() for claim in found if claim.path}
    memberships = {
        code: join([Span(period.joined_on, period.left_on) for period in periods])
        for code, periods in draft.stored.periods.items()
    }
    warnings = []
    for row in draft.document.metering_points:
        if row.path not in spans:
            continue
        span, configuration = spans[row.path], draft.configurations[row.configuration]
        active = Span(configuration.starts_on, configuration.ends_on)
        if not active.holds(span):
            warnings.append(
                _("%(path)s: %(pod)s is valid %(span)s, but %(configuration)s is active %(active)s.")
                % {"path": row.path, "pod": row.pod, "span": span, "configuration": row.configuration, "active": active}
            )
        periods = memberships.get(row.member, [])
        if periods and not any(period.holds(span) for period in periods):
            told = ", ".join(str(period) for period in periods)
            warnings.append(
                _("%(path)s: %(pod)s is valid %(span)s, but %(member)s is a member %(periods)s.")
                % {"path": row.path, "pod": row.pod, "span": span, "member": row.member, "periods": told}
            )
    return warnings
