"""The workers' door to settlement: gather, decide, write; and the monthly opening of runs."""

import logging
from datetime import date, datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communities.errors import CommunityError
from apps.communities.models import Configuration
from apps.engine.digest import inputs_sha256, result_sha256
from apps.engine.errors import MeasuresMissing, RuleViolation
from apps.engine.settlement import settle
from apps.settlement import archive, operations
from apps.settlement.errors import KindTooLate, RunAlreadyOpen, SettlementError, SnapshotMissing
from apps.settlement.history import list_runs_of_month
from apps.settlement.inputs import get_month_inputs
from apps.settlement.models import SettlementRun
from apps.settlement.parameters import RULES_VERSION
from project.failpoints import hit
from reports.documents import SnapshotFacts
from reports.snapshot_parquet import read_inputs, write_snapshot
from tasks.comparisons import compare_runs

log = logging.getLogger(__name__)
EXPECTED = (SettlementError, RuleViolation, CommunityError)
STEPS = 4
# A draft that nobody took by then has lost its message (the queue may lose one, the database does not).
FORGOTTEN_AFTER = timedelta(minutes=2)


@shared_task(name="settlement.settle_month")
def settle_month(run_id: int) -> None:
    """Settle one run. May be lost, may run twice: the state in the database decides what is left to do."""
    with operations.lock_run(run_id) as mine:
        if not mine or not operations.claim_run(run_id=run_id, as_of=timezone.now()):
            return
        hit("settle.after_claim")
        try:
            _settle(run_id)
        except EXPECTED as error:
            operations.park_run(run_id=run_id, reason=_reason(error))
        except Exception as error:
            operations.fail_run(run_id=run_id, reason=f"{type(error).__name__}: {error}")
            raise


def _reason(error: Exception) -> str:
    """The sentence for the person who can mend it; the engine speaks no language but English."""
    if isinstance(error, MeasuresMissing):
        pods = ", ".join(f"{row.pod} ({row.hours} h)" for row in error.missing)
        return _("Measures are missing for %(pods)s. Import the measures, or accept these PODs by name, then retry the run.") % {
            "pods": pods
        }
    return str(error.args[0])


def _settle(run_id: int) -> None:
    operations.report_progress(run_id=run_id, phase="gather", done=0, total=STEPS)
    inputs = get_month_inputs(run_id=run_id)
    inputs_hash = inputs_sha256(inputs)
    operations.report_progress(run_id=run_id, phase="decide", done=1, total=STEPS)
    result = settle(inputs)
    result_hash = result_sha256(result)
    operations.report_progress(run_id=run_id, phase="snapshot", done=2, total=STEPS)
    run = SettlementRun.objects.select_related("configuration").get(pk=run_id)
    facts = SnapshotFacts(
        run=run_id,
        version=run.version,
        state=SettlementRun.State.COMPUTED.value,
        rules_version=RULES_VERSION,
        code_version=settings.CODE_VERSION,
        inputs_sha256=inputs_hash,
        result_sha256=result_hash,
    )
    path = snapshot_directory(run)
    hit("settle.before_snapshot")
    archive.store_files(path, write_snapshot(inputs, result, facts))
    hit("settle.after_snapshot")
    operations.report_progress(run_id=run_id, phase="write", done=3, total=STEPS)
    operations.record_result(
        run_id=run_id,
        inputs=inputs,
        result=result,
        inputs_sha256=inputs_hash,
        result_sha256=result_hash,
        snapshot_path=path,
        code_version=settings.CODE_VERSION,
        as_of=timezone.now(),
    )
    hit("settle.after_commit")
    run.refresh_from_db()
    if run.corrects_id and run.kind != SettlementRun.Kind.REVERSAL:
        # who approves a difference wants to know why; a lost message costs one press of a button
        month = list_runs_of_month(run)
        if len(month) > 1:  # less when its month was taken back meanwhile: then it cannot be approved either
            compare_runs.delay(month[-2], run_id)


def snapshot_directory(run: SettlementRun) -> str:
    """Where the snapshot of a run lies below DATA_DIR."""
    return f"snapshots/{run.configuration.code}/{run.month_text}/{run.kind}-v{run.version}-run{run.pk}"


def verify(*, run_id: int) -> dict[str, str | bool]:
    """Compute a run again from its snapshot and compare. Errors: `SnapshotMissing`, or the press's `SnapshotAltered`."""
    run = SettlementRun.objects.get(pk=run_id)
    if not run.snapshot_path:
        raise SnapshotMissing(_("Run %(run)s has no snapshot: it was never computed. Settle it first.") % {"run": run_id})
    try:
        files = archive.read_files(run.snapshot_path)
    except FileNotFoundError as error:
        raise SnapshotMissing(
            _("The snapshot %(path)s of run %(run)s is gone. Restore it from a backup.")
            % {"path": run.snapshot_path, "run": run_id}
        ) from error
    inputs = read_inputs(files)
    found_inputs, found_result = inputs_sha256(inputs), result_sha256(settle(inputs))
    return {
        "run": str(run_id),
        "inputs_sha256": run.inputs_sha256,
        "found_inputs_sha256": found_inputs,
        "result_sha256": run.result_sha256,
        "found_result_sha256": found_result,
        "ok": (found_inputs, found_result) == (run.inputs_sha256, run.result_sha256),
    }


@shared_task(name="settlement.resume_runs")
def resume_runs() -> None:
    """Wake runs whose message was lost or whose worker died; `settle_month` itself decides whether there is work."""
    waiting = SettlementRun.objects.filter(
        state__in=[SettlementRun.State.DRAFT, SettlementRun.State.COMPUTING], opened_at__lt=timezone.now() - FORGOTTEN_AFTER
    )
    for run_id in waiting.values_list("pk", flat=True):
        settle_month.delay(run_id)


@shared_task(name="settlement.open_provisional_runs")
def open_provisional_runs(month: str | None = None) -> None:
    """Open the provisional run of every active configuration for `month` (YYYY-MM; default: the month that ended last).

    Looks at what should exist and makes what is missing, so a missed or doubled tick does no harm. Missing data do not stop
    a provisional run: they are counted on it; missing prices or rules park it with a clear note.
    """
    as_of = timezone.now()
    first = date.fromisoformat(f"{month}-01") if month else _last_ended_month(as_of)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    active = Configuration.objects.filter(starts_on__lt=after).exclude(ends_on__lte=first)
    measured = SettlementRun.objects.filter(month=first, kind__in=SettlementRun.MEASURED_KINDS)
    have = measured.values_list("configuration_id", flat=True)
    for configuration in active.exclude(pk__in=have):
        try:
            with transaction.atomic():
                run = operations.open_run(
                    configuration=configuration,
                    month=first,
                    kind=SettlementRun.Kind.PROVISIONAL,
                    opened_by=None,
                    as_of=as_of,
                    only_first=True,  # another beat may have opened it since we looked, and a worker have settled it
                )
        except (RunAlreadyOpen, KindTooLate) as error:
            log.info("%s", error)
            continue
        settle_month.delay(run.pk)


def _last_ended_month(as_of: datetime) -> date:
    local = timezone.localtime(as_of).date()
    return (local.replace(day=1) - timedelta(days=1)).replace(day=1)
