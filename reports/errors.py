"""What can go wrong at the press, by name. Each message is one sentence that says what to do."""


class PressError(Exception):
    """A document could not be printed or read back."""


class PangoMissing(PressError):
    """The PDF renderer's system library is not installed."""


class SnapshotAltered(PressError):
    """A snapshot is not the one that was written: a file is missing, added, or has other bytes."""


class TextRefused(PressError):
    """A text holds what the file cannot carry."""


class PaymentRefused(PressError):
    """A batch of transfers that a bank would send back."""


class BatchRefused(PaymentRefused):
    """Something about the batch as a whole: no payments, no sender."""


class AmountRefused(PaymentRefused):
    """An amount that no bank transfers."""


class IbanRefused(PaymentRefused):
    """An IBAN or BIC that is none."""


class PaymentTextRefused(PaymentRefused, TextRefused):
    """A name, text or reference that banks cannot carry or return."""


class InvoiceRefused(PressError):
    """An invoice that the tax office would send back."""


class InvoicePartyRefused(InvoiceRefused):
    """An issuer or customer who cannot stand on an invoice, or cannot be reached."""


class InvoiceDoesNotFoot(InvoiceRefused):
    """The amounts of an invoice contradict each other."""


class InvoiceTextRefused(InvoiceRefused, TextRefused):
    """A text that the file of an invoice cannot carry."""
