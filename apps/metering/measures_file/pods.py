"""The registered PODs, and what stands for them in a file."""

from collections.abc import Sequence

from apps.engine.errors import InvalidIdentifier
from apps.engine.identifiers import normalise_pod, pod_key
from apps.metering.measures_file.rejects import Reason

_REMEMBERED = 200_000


class RegisteredPods:
    """Knows each registered POD by its position; compares upper-case, on the first 14 characters.

    `stranger` is the reason given for a POD that is not among them.
    """

    def __init__(self, keys: Sequence[str], *, stranger: Reason = Reason.POD_UNKNOWN) -> None:
        self.keys = tuple(sorted(set(keys)))
        self._positions = {key: position for position, key in enumerate(self.keys)}
        self._stranger = stranger
        self._texts: dict[str, int | Reason] = {}

    def find(self, text: str) -> int | Reason:
        """Return the position of what a file calls a POD, or the reason why it is none of ours."""
        found = self._texts.get(text)
        if found is None:
            if len(self._texts) >= _REMEMBERED:
                self._texts.clear()
            found = self._texts[text] = self._look_up(text)
        return found

    def _look_up(self, text: str) -> int | Reason:
        try:
            key = pod_key(normalise_pod(text))
        except InvalidIdentifier:
            return Reason.POD_FORM
        return self._positions.get(key, self._stranger)
