"""Walk the audit trail and say whether it is what was written."""

from typing import Any

from django.conf import settings

from apps.settlement.audit.anchors import read_anchors
from apps.settlement.audit.queries import find_contradicted_run, iterate_entries
from apps.settlement.audit.verification import verify
from project.commands import JsonCommand, Refused


class Command(JsonCommand):
    help = "Verifies the chain of the audit trail and its anchors; exit 1 names the first entry that is not what was written."

    def answer(self, **options: Any) -> dict[str, Any]:
        anchors = read_anchors()  # before the entries: what was anchored is committed
        verdict = verify(iterate_entries, anchors, settings.AUDIT_KEYS)
        if verdict.finding:
            finding = verdict.finding
            raise Refused(
                f"Entry {finding.sequence}: {finding.wrong}. {finding.sentence} {verdict.entries} before it are intact."
            )
        if contradicted := find_contradicted_run():
            sequence, sentence = contradicted
            raise Refused(
                f"Entry {sequence}: contradicted. {sentence} All {verdict.entries} entries are intact: the run was changed."
            )
        return {
            "entries": verdict.entries,
            "last_mac": verdict.last_mac,
            "anchored": max(anchors, default=0),
            "anchors": len(anchors),
        }

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(
            f"The audit trail is intact: {answer['entries']} entries, anchored up to {answer['anchored']}, "
            f"last seal {answer['last_mac'] or 'none'}."
        )
