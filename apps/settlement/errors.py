"""Expected trouble of a settlement, by name. Every message is a full sentence: what, which one, what to do next."""


class SettlementError(Exception):
    """A settlement cannot go on for a reason that a person can mend."""


class PriceMissing(SettlementError):
    """A zonal price of an hour of the month is not known."""


class PlantMissing(SettlementError):
    """A POD injected energy but no plant is registered behind it."""


class ParameterUnknown(SettlementError):
    """The law's value for the month is not recorded."""


class ConfigurationEmpty(SettlementError):
    """Nothing to settle: no metering point is valid in the month."""


class RunAlreadyOpen(SettlementError):
    """A run of the same configuration, month and kind is waiting or being computed."""


class KindTooLate(SettlementError):
    """A run that knows less than what the month already rests on cannot follow it."""


class RunNotOpen(SettlementError):
    """The run is not in the state that the step needs."""


class RunChanged(SettlementError):
    """What was on the screen is not what the database holds now: look again, then decide."""


class RunWentOn(RunChanged):
    """Steps were taken with the run after the screen was drawn: look again, then decide."""


class ReasonMissing(SettlementError):
    """A step that people will ask about later needs a reason."""


class PaymentRefused(SettlementError):
    """What was said about a payment cannot be: its day or its reference."""


class ApproverComputed(SettlementError):
    """Who computed a run may not approve it."""


class MonthNotOver(SettlementError):
    """The month has not ended yet."""


class GsePublicationMissing(SettlementError):
    """The configuration divides GSE's amounts, and GSE's true-up of the month is not there."""


class SnapshotMissing(SettlementError):
    """The run has no snapshot to compute again from."""
