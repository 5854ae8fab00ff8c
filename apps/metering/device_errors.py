"""Expected trouble of devices and their messages, by name."""

from apps.metering.errors import MeteringError


class BindingRefused(MeteringError):
    """A device cannot be bound as asked. Nothing was written."""


class PodUnknown(BindingRefused):
    """No configuration has ever had a metering point of this POD."""


class ComponentUnknown(BindingRefused):
    """The device has never told of a component of this name."""


class AssignmentOverlaps(BindingRefused):
    """The device, or the POD in this role, is measured otherwise at or after that instant."""


class AlreadyBound(BindingRefused):
    """The device measures just that already."""


class OutsideCommunities(BindingRefused):
    """What is asked would change what is measured for another community."""


class LetterNotKept(MeteringError):
    """Neither the journal nor the dead letter itself holds the whole message any more."""
