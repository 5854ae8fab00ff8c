"""Walk the audit trail and say whether it is what was written."""

from typing import Any

from apps.settlement.audit.checks import look_at_trail
from project.commands import JsonCommand, Refused


class Command(JsonCommand):
    help = "Verifies the chain of the audit trail and its anchors; exit 1 names the first entry that is not what was written."

    def answer(self, **options: Any) -> dict[str, Any]:
        look = look_at_trail()
        if look.sentence:
            raise Refused(look.sentence)
        return {
            "entries": look.entries,
            "last_mac": look.last_mac,
            "anchored": look.anchored,
            "anchors": look.anchors,
        }

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(
            f"The audit trail is intact: {answer['entries']} entries, anchored up to {answer['anchored']}, "
            f"last seal {answer['last_mac'] or 'none'}."
        )
