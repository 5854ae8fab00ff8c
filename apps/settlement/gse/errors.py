"""Expected trouble with files and decisions about the GSE side of the money. Every message is a full sentence or two."""

from apps.settlement.errors import SettlementError


class FileRefused(SettlementError):
    """The file cannot be read as a table: what is wrong with it, and what to do."""


class MappingRefused(SettlementError):
    """The mapping does not say enough, or names columns that the file does not have."""


class CellRefused(SettlementError):
    """One cell cannot be what its column is mapped to: the line is left out with this reason."""


class NoteRefused(SettlementError):
    """A difference cannot be explained like this."""


class MatchRefused(SettlementError):
    """What was said about a receipt cannot be: its reason, what it pays, or that somebody said another thing meanwhile."""


class AssignmentRefused(SettlementError):
    """A receipt cannot be given to this configuration."""
