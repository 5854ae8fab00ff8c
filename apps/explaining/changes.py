"""A correction explained: what holds for the month now, what was told before, and which cause moved how much."""

from collections.abc import Sequence

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.explaining.ladders import MINE, Ladder, Row
from apps.explaining.subject import Subject
from apps.settlement.history import list_runs_of_month
from apps.settlement.models import LedgerEntry, RunComparison

CAUSES = {
    "data": lazy("misure arrivate o corrette"),
    "price": lazy("prezzi zonali"),
    "perimeter": lazy("punti, soci e impianti"),
    "rule": lazy("parametri di legge"),
    "given": lazy("importi del GSE"),
    "earlier_months": lazy("altri mesi dell’anno"),
    "distribution": lazy("regola di riparto"),
    "program": lazy("programma di calcolo"),
}


def correction_ladders(subject: Subject, contribution: str, entries: Sequence[LedgerEntry]) -> list[Ladder]:
    """The difference that a correction posts to the member, and its causes once a worker has found them. One query."""
    posted = next((entry for entry in entries if entry.member_id == subject.result.member_id), None)
    difference = posted.cents if posted else 0
    now = posted.block_cents if posted else 0
    ladders = []
    if posted:
        rows = [
            Row(_("Con i dati di questa rettifica, per tutto il mese"), now),
            Row(_("Già comunicati per questo mese"), difference - now),
            Row(_("La differenza di questa rettifica"), difference, MINE),
        ]
        ladders.append(Ladder(_("Rettifica"), rows))
    return ladders + _causes(subject, contribution)


def _causes(subject: Subject, contribution: str) -> list[Ladder]:
    stored = RunComparison.objects.filter(
        before=list_runs_of_month(subject.run)[-2],
        now=subject.run,
        before_sha256=F("before__result_sha256"),
        now_sha256=subject.run.result_sha256,
    ).first()
    if stored is None:
        return []
    code = subject.member.code
    for of, member, _account, before_cents, now_cents, cents in stored.rows:
        if (of, member) == (contribution, code):
            rows = [Row(_("Prima di questa rettifica"), before_cents)]
            rows += [
                Row(str(CAUSES.get(cause, cause)), moved) for cause, moved in zip(stored.causes, cents, strict=True) if moved
            ]
            return [Ladder(_("Perché cambia"), [*rows, Row(_("Con questa rettifica"), now_cents, MINE)])]
    return []
