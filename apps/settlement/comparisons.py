"""Write and read: the stored differences of two runs."""

from collections.abc import Sequence
from datetime import datetime

from apps.engine.run_diff import CAUSES, Change
from apps.settlement.models import RunComparison, SettlementRun


def record_comparison(*, before: SettlementRun, now: SettlementRun, changes: Sequence[Change], as_of: datetime) -> None:
    """Keep what was found about two results. Found twice, the first stands."""
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


def get_comparison(*, before: SettlementRun, now: SettlementRun) -> RunComparison | None:
    """The stored difference of two runs as their results stand now; None when no worker has looked at them yet."""
    return RunComparison.objects.filter(
        before=before, now=now, before_sha256=before.result_sha256, now_sha256=now.result_sha256
    ).first()


def are_comparable(before: SettlementRun, now: SettlementRun) -> bool:
    """Cause by cause only results of one configuration and month can be told apart."""
    same = (before.configuration_id, before.month) == (now.configuration_id, now.month)
    return same and before.pk != now.pk and bool(before.result_sha256 and now.result_sha256)
