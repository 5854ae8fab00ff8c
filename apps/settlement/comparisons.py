"""Write and read: the stored differences of two runs."""

from collections.abc import Sequence
from datetime import datetime

from apps.engine.run_diff import CAUSES, Change
from apps.settlement.models import ComparisonFailure, RunComparison, SettlementRun


def record_comparison(*, before: SettlementRun, now: SettlementRun, changes: Sequence[Change], as_of: datetime) -> None:
    """Keep what was found about two results. Found twice, the first stands. An earlier failure is made good."""
    RunComparison.objects.get_or_create(
        before=before,
        now=now,
        before_sha256=before.result_sha256,
        now_sha256=now.result_sha256,
        defaults={
            "causes": [cause.value for cause in CAUSES],
            "rows": [
                [
                    row.payee.contribution.value,
                    row.payee.member,
                    row.payee.account,
                    row.before_cents,
                    row.now_cents,
                    list(row.causes),
                ]
                for row in changes
            ],
            "created_at": as_of,
        },
    )
    ComparisonFailure.objects.filter(before=before, now=now).delete()


def record_failure(*, before: SettlementRun, now: SettlementRun, sentence: str, as_of: datetime) -> None:
    """Keep why two runs could not be compared; the last attempt counts."""
    ComparisonFailure.objects.update_or_create(before=before, now=now, defaults={"sentence": sentence, "noticed_at": as_of})


def get_failure(*, before: SettlementRun, now: SettlementRun) -> ComparisonFailure | None:
    """Why the last attempt to compare these runs failed; None when none did."""
    return ComparisonFailure.objects.filter(before=before, now=now).first()


def get_comparison(*, before: SettlementRun, now: SettlementRun) -> RunComparison | None:
    """The stored difference of two runs as their results stand now; None when no worker has looked at them yet."""
    return RunComparison.objects.filter(
        before=before, now=now, before_sha256=before.result_sha256, now_sha256=now.result_sha256
    ).first()


def are_comparable(before: SettlementRun, now: SettlementRun) -> bool:
    """Cause by cause only results of one configuration and month can be told apart."""
    same = (before.configuration_id, before.month) == (now.configuration_id, now.month)
    same = same and SettlementRun.Kind.REVERSAL not in (before.kind, now.kind)  # a month taken back has one cause
    return same and before.pk != now.pk and bool(before.result_sha256 and now.result_sha256)
