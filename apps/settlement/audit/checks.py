"""Is the trail what was written? One look at everything, for the command and for the timetable, and the last one's alarm."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from apps.settlement.audit.anchors import read_anchors
from apps.settlement.audit.queries import find_contradicted_run, iterate_entries
from apps.settlement.audit.verification import verify
from apps.settlement.models import AuditCheck


@dataclass(frozen=True, slots=True)
class TrailLook:
    """What a walk over the trail found. `sentence` is empty when all is well, `sequence` then None."""

    entries: int
    last_mac: str
    anchored: int
    anchors: int
    sequence: int | None = None
    sentence: str = ""


def look_at_trail() -> TrailLook:
    """Walk the whole chain, its anchors and the runs that it tells about."""
    anchors = read_anchors()  # before the entries: what was anchored is committed
    verdict = verify(iterate_entries, anchors, settings.AUDIT_KEYS)
    sequence, sentence = None, ""
    if verdict.finding:
        finding = verdict.finding
        sequence = finding.sequence
        sentence = f"Entry {sequence}: {finding.wrong}. {finding.sentence} {verdict.entries} before it are intact."
    elif contradicted := find_contradicted_run():
        sequence, told = contradicted
        sentence = f"Entry {sequence}: contradicted. {told} All {verdict.entries} entries are intact: the run was changed."
    return TrailLook(verdict.entries, verdict.last_mac, max(anchors, default=0), len(anchors), sequence, sentence)


def record_check(*, look: TrailLook, as_of: datetime) -> AuditCheck:
    """Keep what was found and when."""
    return AuditCheck.objects.create(checked_at=as_of, entries=look.entries, sequence=look.sequence, sentence=look.sentence)


def get_alarm() -> AuditCheck | None:
    """The last look if it found something wrong; a later one that finds nothing ends the alarm."""
    last = AuditCheck.objects.order_by("-checked_at", "-pk").first()
    return last if last is not None and last.sentence else None
