"""What can go wrong at the press, by name. Each message is one sentence that says what to do."""

from collections.abc import Sequence


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


class GseMembersIncomplete(PressError):
    """GSE's list of members lacks something. `missing` holds (member, POD, columns) for everybody concerned."""

    def __init__(self, missing: Sequence[tuple[str, str, tuple[str, ...]]]) -> None:
        self.missing = tuple(missing)
        shown = "; ".join(f"{member} ({pod}): {', '.join(columns)}" for member, pod, columns in self.missing[:20])
        more = f"; and {len(self.missing) - 20} more" if len(self.missing) > 20 else ""
        super().__init__(
            f"GSE's list of members cannot be written. Missing or wrong: {shown}{more}. Complete these members, then try again."
            if self.missing
            else "GSE's list of members cannot be written: there are no members with a point."
        )


class JournalDoesNotBalance(PressError):
    """A journal in which what is given and what is taken are not the same."""
