"""Expected trouble of measures, by name. Every message is a full sentence: what, which one, what to do next."""

from django.utils.translation import gettext


class MeteringError(Exception):
    """Measures cannot be stored or read for a reason that a person can mend."""


class MeasuresFileRefused(MeteringError):
    """The file as a whole is not a file of measures. Nothing of it is written.

    The sentence is put into the reader's language when it is read: parsers work in threads that do not know the reader.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence, values)
        self.sentence, self.values = sentence, values

    def __str__(self) -> str:
        return gettext(self.sentence) % self.values if self.values else gettext(self.sentence)


class RejectsAltered(MeteringError):
    """The listing of the rejected lines of an import is gone or is not what was stored."""


class ImportNotOpen(MeteringError):
    """The import is not in the state that the step needs."""
