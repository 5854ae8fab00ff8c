"""Expected trouble with letters, by name."""

from apps.invoicing.errors import InvoicingError


class LetterWentOn(InvoicingError):
    """The letter is no longer as it was on the screen."""


class LetterRefused(InvoicingError):
    """What a person asked for does not fit the state of the letter, or lacks a reason or an address."""
