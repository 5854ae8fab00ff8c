"""The workers' door to differences: two snapshots in, one stored comparison out."""

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.engine.inputs import MonthInputs
from apps.engine.run_diff import Booked, compare
from apps.settlement import archive
from apps.settlement.comparisons import are_comparable, get_comparison, record_comparison
from apps.settlement.errors import SnapshotMissing
from apps.settlement.history import list_runs_of_month
from apps.settlement.models import SettlementRun
from apps.settlement.posted import get_posted_amounts
from reports.snapshot_parquet import read_inputs


@shared_task(name="settlement.compare_runs")
def compare_runs(before_id: int, now_id: int) -> None:
    """Find and store why `now` differs from `before`, once. Two runs that cannot be compared are left alone.

    Errors: `SnapshotMissing`, the press's `SnapshotAltered`, `RuleViolation`: the worker's log tells them, nothing is stored.
    """
    runs = SettlementRun.objects.select_related("configuration").in_bulk([before_id, now_id])
    if len(runs) < 2:
        return
    before, now = runs[before_id], runs[now_id]
    if not are_comparable(before, now) or get_comparison(before=before, now=now) is not None:
        return
    changes = compare(_booked(before), _booked(now))
    record_comparison(before=before, now=now, changes=changes, as_of=timezone.now())


def _booked(run: SettlementRun) -> Booked:
    """The month as this run knew it: of a correction, its difference on top of what was posted before."""
    return Booked(read_run_inputs(run), get_posted_amounts(list_runs_of_month(run)))


def read_run_inputs(run: SettlementRun) -> MonthInputs:
    """The frozen input of a run from its snapshot. Errors: `SnapshotMissing`, the press's `SnapshotAltered`."""
    try:
        return read_inputs(archive.read_files(run.snapshot_path))
    except FileNotFoundError as error:
        raise SnapshotMissing(
            _("The snapshot %(path)s of run %(run)s is gone. Restore it from a backup.")
            % {"path": run.snapshot_path, "run": run.pk}
        ) from error
