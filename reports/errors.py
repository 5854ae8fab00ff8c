"""What can go wrong at the press, by name. Each message is one sentence that says what to do."""


class PressError(Exception):
    """A document could not be printed or read back."""


class PangoMissing(PressError):
    """The PDF renderer's system library is not installed."""


class SnapshotAltered(PressError):
    """A snapshot is not the one that was written: a file is missing, added, or has other bytes."""
