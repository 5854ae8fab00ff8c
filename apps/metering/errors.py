"""Expected trouble of measures, by name. Every message is a full sentence: what, which one, what to do next."""


class MeteringError(Exception):
    """Measures cannot be stored or read for a reason that a person can mend."""


class MeasuresFileRefused(MeteringError):
    """The file as a whole is not a file of measures. Nothing of it is written."""


class ImportNotOpen(MeteringError):
    """The import is not in the state that the step needs."""
