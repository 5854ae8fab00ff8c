"""Expected trouble of payouts, by name."""

from apps.invoicing.errors import InvoicingError


class PlanChanged(InvoicingError):
    """Who gets what is not what was on the screen: look again, then decide."""


class NothingToPay(InvoicingError):
    """Nobody is to be paid: a batch without transfers is none."""


class PayerIncomplete(InvoicingError):
    """The community's own account, or its code at the bank, is not known."""


class BatchNotOpen(InvoicingError):
    """The batch is not in the state that the step needs."""


class SamePerson(InvoicingError):
    """Who made the batch may not say what the bank did with it."""


class ExecutionRefused(InvoicingError):
    """What was said about an execution or a return cannot be: its day, its reference, its reason."""


class RunInBatch(InvoicingError):
    """The run is paid by a batch, so it cannot be marked as paid by hand."""
