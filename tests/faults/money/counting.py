"""What is there at the end against what is due: sets, never counts alone. Nothing here is told by the code that wrote it."""

import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db.models import QuerySet

from apps.engine.correction import correct
from apps.engine.settlement import settle
from apps.invoicing.models import IssuedDocument
from apps.settlement import archive
from apps.settlement.models import AuditEntry, ContributionTotal, LedgerEntry, MemberResult, SettlementRun
from apps.settlement.posted import get_posted
from reports.snapshot_parquet import read_inputs
from tasks.settlement import verify
from tests.engine import oracle
from tests.faults.money.looking import list_half_runs
from tests.faults.money.units import Unit

Key = tuple[int, Any, str, int]
ONCE_PER_RUN = ("open", "compute", "approve", "issue", "pay")
PASSED = {"computed": 2, "approved": 3, "issued": 4, "paid": 5}  # how many of those steps a run in this state has behind it


@dataclass
class Verdict:
    """`double`: done twice. `half`: left undone, or not what it says. `unbalanced`: cents that do not add up. With reasons."""

    double: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not (self.double or self.half or self.unbalanced)

    @property
    def reasons(self) -> list[str]:
        named = {"double": self.double, "half": self.half, "unbalanced": self.unbalanced}
        return [f"{name}: {reason}" for name, reasons in named.items() for reason in reasons]


def count(units: Sequence[Unit], truth: Path, seen_half: Iterable[tuple[Any, ...]]) -> Verdict:
    """Compare runs, rows, documents, files, trail and what everybody was told with what is due."""
    verdict = Verdict()
    verdict.half += [f"run {run} was seen half-done in the state {state}" for run, state in seen_half]
    verdict.half += [f"run {run} is half-done in the state {state}" for run, state in list_half_runs()]
    runs = list(SettlementRun.objects.select_related("configuration", "corrects"))
    _compare_runs(verdict, units, runs)
    for run in runs:
        if run.state in SettlementRun.SETTLED_STATES:
            _compare_rows(verdict, run)
        if run.state in ("issued", "paid"):
            _compare_documents(verdict, run)
    _compare_files(verdict)
    _compare_trail(verdict, runs)
    _compare_told(verdict, {run.pk: run for run in runs}, truth)
    return verdict


def _compare_runs(verdict: Verdict, units: Sequence[Unit], runs: Sequence[SettlementRun]) -> None:
    due: dict[Key, str] = {
        (unit.hamlet.configuration_id, unit.season.month, kind, version): state
        for unit in units
        for (kind, version), state in unit.due.items()
    }
    found = Counter((run.configuration_id, run.month, run.kind, run.version) for run in runs)
    verdict.double += [f"{times} runs {key}" for key, times in found.items() if times > 1]
    verdict.double += [f"run {key} is due to nobody" for key in found.keys() - due.keys()]
    verdict.half += [f"run {key} is missing" for key in due.keys() - found.keys()]
    for run in runs:
        wanted = due.get((run.configuration_id, run.month, run.kind, run.version), run.state)
        if run.state != wanted:
            verdict.half.append(f"{run} is {run.state} ({run.error}), and should be {wanted}")
    speaking = Counter(
        (run.configuration_id, run.month) for run in runs if run.state in SettlementRun.APPROVED_STATES and not run.corrects_id
    )
    verdict.double += [f"{times} approved runs of {key}" for key, times in speaking.items() if times > 1]


def _compare_rows(verdict: Verdict, run: SettlementRun) -> None:
    """Entries, totals and members' rows against a second computation from the snapshot, and against another program's."""
    entries = list(
        LedgerEntry.objects.filter(run=run).values_list("contribution", "block", "member__code", "account", "cents", "position")
    )
    posted: Counter[str] = Counter()
    to_members: Counter[tuple[str, str]] = Counter()
    for contribution, _block, member, _account, cents, _position in entries:
        posted[contribution] += cents
        if member:
            to_members[member, contribution] += cents
    totals = dict(ContributionTotal.objects.filter(run=run).values_list("contribution", "amount_cents"))
    for contribution in sorted({*posted, *totals}):
        if posted[contribution] != totals.get(contribution):
            verdict.unbalanced.append(f"{run} {contribution}: entries {posted[contribution]}, total {totals.get(contribution)}")
    for row in MemberResult.objects.filter(run=run).select_related("member"):
        for contribution in ("premium", "valorisation", "excess"):
            if getattr(row, f"{contribution}_cents") != to_members[row.member.code, contribution]:
                verdict.unbalanced.append(f"{run} {row.member.code} {contribution}: row and entries differ")
    inputs = read_inputs(archive.read_files(run.snapshot_path))
    result = settle(inputs)
    if not verify(run_id=run.pk)["ok"]:
        verdict.half.append(f"{run} is not what its snapshot settles to")
    if run.corrects_id:
        against = run.facts["correction"]["against"]
        lines = correct(result, get_posted(against)).lines
        month = _amounts((*against, run.pk))
    else:
        lines = result.lines
        month = _amounts((run.pk,))
    wanted = {
        (line.contribution.value, line.block, line.member or None, line.account, line.cents, position)
        for position, line in enumerate(lines)
    }
    if wanted != set(entries) or len(entries) != len(set(entries)):
        verdict.unbalanced.append(f"{run}: {len(wanted ^ set(entries))} entries differ from a second computation")
    independent: Counter[tuple[str, str, str]] = Counter()
    for (contribution, _block, code, account), cents in oracle.settle(inputs)["postings"].items():
        independent[contribution, code, account] += cents
    if month != {payee: cents for payee, cents in independent.items() if cents}:
        verdict.unbalanced.append(f"{run}: the month comes to {month}, another program says {dict(independent)}")


def _amounts(run_ids: Sequence[int]) -> dict[tuple[str, str, str], int]:
    """(contribution, member code, account) -> what these runs posted together, without the zeros."""
    amounts: Counter[tuple[str, str, str]] = Counter()
    rows = LedgerEntry.objects.filter(run__in=run_ids).values_list("contribution", "member__code", "account", "cents")
    for contribution, member, account, cents in rows:
        amounts[contribution, member or "", account] += cents
    return {payee: cents for payee, cents in amounts.items() if cents}


def _compare_documents(verdict: Verdict, run: SettlementRun) -> None:
    """A statement for each member, a workbook and a snapshot, each once, each with the file that its hash names.

    A run that posts a difference has statements for those alone whose money it moves.
    """
    told: QuerySet[Any] = MemberResult.objects.filter(run=run)
    if run.corrects_id:
        told = LedgerEntry.objects.filter(run=run, member__isnull=False)
    due: set[tuple[str, int | None]] = {("statement", member) for member in told.values_list("member", flat=True)}
    due |= {("workbook", None), ("snapshot", None)}
    documents = list(IssuedDocument.objects.filter(run=run))
    found = Counter((document.kind, document.member_id) for document in documents)
    verdict.double += [f"{run}: {times} documents {key}" for key, times in found.items() if times > 1 or key not in due]
    verdict.half += [f"{run}: no document {key}" for key in due - found.keys()]
    for document in documents:
        path = archive.locate(document.path or "nowhere")
        if document.state != "ready" or not path.is_file():
            verdict.half.append(
                f"{document.reference} is {document.state}, its file is {'there' if path.is_file() else 'missing'}"
            )
        elif hashlib.sha256(path.read_bytes()).hexdigest() != document.sha256:
            verdict.half.append(f"{document.reference}: the file is not the one that was noted")


def _compare_files(verdict: Verdict) -> None:
    """No file is a document's that no row knows. Torn files have another name and never count."""
    base = archive.locate("documents")
    known = set(IssuedDocument.objects.values_list("path", flat=True))
    for path in base.rglob("*"):
        if path.is_file() and not path.name.startswith(".") and f"documents/{path.relative_to(base)}" not in known:
            verdict.double.append(f"file {path.name} belongs to no document")


def _compare_trail(verdict: Verdict, runs: Sequence[SettlementRun]) -> None:
    """The chain is whole, and each run has each step of its life once."""
    try:
        with open(os.devnull, "w") as nowhere:
            call_command("verify_audit", stdout=nowhere)
    except SystemExit:
        verdict.half.append("verify_audit refuses the trail")
    steps: dict[int, Counter[str]] = defaultdict(Counter)
    for run_id, action in AuditEntry.objects.values_list("run_number", "action"):
        steps[run_id][action] += 1
    for run in runs:
        for place, action in enumerate(ONCE_PER_RUN, 1):
            wanted = int(place <= PASSED.get(run.state, 1))
            if steps[run.pk][action] > wanted:
                verdict.double.append(f"{run}: {steps[run.pk][action]} steps {action}")
            elif steps[run.pk][action] < wanted:
                verdict.half.append(f"{run}: no step {action}")


def _compare_told(verdict: Verdict, runs: dict[int, SettlementRun], truth: Path) -> None:
    """Nobody was told a thing that is not so, and nobody was told the same as somebody else."""
    told = [json.loads(line) for line in truth.read_text().splitlines()] if truth.exists() else []
    for word in ("opened", "approved", "paid"):
        times = Counter(line["run"] for line in told if line["told"] == word)
        verdict.double += [f"{number} were told that they {word} run {run}" for run, number in times.items() if number > 1]
    for line in told:
        run = runs.get(line.get("run") or 0)
        if line["told"] in ("opened", "approved", "paid") and run is None:
            verdict.half.append(f"{line} is told of a run that is not there")
        elif run is None:
            continue
        elif line["told"] == "approved" and (run.approved_by_id, run.result_sha256) != (line["user"], line["seen"]):
            verdict.half.append(f"{run} was approved by {line['user']}, who had seen {line['seen'][:8]}…")
        elif line["told"] == "paid" and (run.paid_by_id, run.payment_reference) != (line["user"], line["reference"]):
            verdict.half.append(f"{run} is not paid as {line['user']} was told")
