"""Who and where: the records of communities, their configurations, members, metering points and plants."""

from apps.communities.models.community import Community, Configuration, DistributionRule, Role
from apps.communities.models.member import Member, Membership
from apps.communities.models.point import MeteringPoint, Plant

__all__ = [
    "Community",
    "Configuration",
    "DistributionRule",
    "Member",
    "Membership",
    "MeteringPoint",
    "Plant",
    "Role",
]
