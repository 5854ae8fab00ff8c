"""Expected trouble of communities, by name. Every message is a full sentence: what, which one, what to do next."""


class CommunityError(Exception):
    """The records of a community do not allow what was asked, for a reason that a person can mend."""


class DistributionMissing(CommunityError):
    """No distribution rule is in force in the month."""


class RuleRefused(CommunityError):
    """A distribution rule cannot be changed or begun as asked."""


class LogInRefused(CommunityError):
    """A log-in cannot be created for a member."""
