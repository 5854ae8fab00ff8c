"""Expected trouble with documents, by name."""


class InvoicingError(Exception):
    """A document cannot be made or handed out for a reason that a person can mend."""


class RunNotApproved(InvoicingError):
    """Documents leave the house only for an approved run."""


class DocumentsNotReady(InvoicingError):
    """A run is issued with all of its documents or not at all."""


class DraftIncomplete(InvoicingError):
    """An invoice lacks something that the law wants on it."""


class InvoiceNotDraft(InvoicingError):
    """What is issued is not edited, issued again or thrown away."""


class InvoiceWentOn(InvoicingError):
    """What is to be issued is not what was on the screen."""


class InvoiceNotVoidable(InvoicingError):
    """Only an issued invoice can be voided, once, and as a whole."""


class NothingToExport(InvoicingError):
    """No approved month lies in the period that was asked for."""


class ExportTooLong(InvoicingError):
    """A spreadsheet cannot hold as many rows."""


class ChartRefused(InvoicingError):
    """An account of the books cannot be called so."""
