"""The workers' door to differences: two snapshots in, one stored comparison out."""

import logging

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.engine.errors import RuleViolation
from apps.engine.inputs import MonthInputs
from apps.engine.run_diff import Booked, compare
from apps.settlement import archive
from apps.settlement.comparisons import are_comparable, get_comparison, record_comparison, record_failure
from apps.settlement.errors import SettlementError, SnapshotMissing
from apps.settlement.history import list_runs_of_month
from apps.settlement.models import SettlementRun
from apps.settlement.posted import get_posted_amounts
from reports.errors import SnapshotAltered
from reports.snapshot_parquet import read_inputs

log = logging.getLogger(__name__)


@shared_task(name="settlement.compare_runs")
def compare_runs(before_id: int, now_id: int) -> None:
    """Find and store why `now` differs from `before`, once. Two runs that cannot be compared are left alone.

    What stops it (a snapshot that is gone or altered, a rule that refuses) is kept for the page that asked; the next attempt
    may find better.
    """
    runs = SettlementRun.objects.select_related("configuration").in_bulk([before_id, now_id])
    if len(runs) < 2:
        return
    before, now = runs[before_id], runs[now_id]
    if not are_comparable(before, now) or get_comparison(before=before, now=now) is not None:
        return
    try:
        changes = compare(_booked(before), _booked(now))
    except (SettlementError, RuleViolation, SnapshotAltered) as error:
        log.warning("Runs %s and %s cannot be compared: %s", before, now, error)
        record_failure(before=before, now=now, sentence=str(error.args[0]), as_of=timezone.now())
        return
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
