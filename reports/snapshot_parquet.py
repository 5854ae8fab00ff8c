"""The snapshot of a run: its input and its result as Parquet files with a manifest, kept for ever and read back to the last bit.

Same facts, same bytes. `read_inputs` gives the engine exactly the input it had, so that any run can be computed again.
"""

import json
from hashlib import sha256
from typing import Any

from apps.engine.inputs import MonthInputs
from apps.engine.ordering import canonical
from apps.engine.results import MonthResult
from reports.documents import SnapshotFacts
from reports.errors import SnapshotAltered
from reports.formats import eur_decimal
from reports.snapshot_inputs import read_inputs_of, write_inputs
from reports.snapshot_results import write_results
from reports.snapshot_tables import count_rows

MANIFEST = "manifest.json"
FORMAT = "cercollettiva-snapshot-1"


def write_snapshot(inputs: MonthInputs, result: MonthResult, facts: SnapshotFacts) -> dict[str, bytes]:
    """File name -> bytes: `inputs_*.parquet`, `results_*.parquet` and `manifest.json`.

    The order of rows in `inputs` does not count. Errors: `ValueError` for a number that the columns cannot hold exactly.
    """
    ordered = canonical(inputs)
    files = write_inputs(ordered) | write_results(ordered, result)
    manifest = {
        "format": FORMAT,
        "run": facts.run,
        "version": facts.version,
        "state": facts.state,
        "configuration": inputs.configuration,
        "configuration_kind": inputs.kind.value,
        "month": f"{inputs.year:04d}-{inputs.month:02d}",
        "kind": inputs.run_kind.value,
        "rules_version": facts.rules_version,
        "code_version": facts.code_version,
        "inputs_sha256": facts.inputs_sha256,
        "result_sha256": facts.result_sha256,
        "hours": result.hours,
        "missing_hours": result.missing_hours,
        "contributions_eur": {
            "premium_gross": str(eur_decimal(result.premium_gross_cents)),
            "premium": str(eur_decimal(result.premium_cents)),
            "valorisation": str(eur_decimal(result.valorisation_cents)),
            "excess": str(eur_decimal(result.excess_cents)),
        },
        "files": {
            name: {"sha256": sha256(content).hexdigest(), "bytes": len(content), "rows": count_rows(content)}
            for name, content in sorted(files.items())
        },
    }
    return files | {MANIFEST: _manifest_bytes(manifest)}


def read_inputs(files: dict[str, bytes]) -> MonthInputs:
    """The input of the run, exactly. Errors: `SnapshotAltered` when one byte of any file is not the one that was written."""
    verify_files(files)
    return read_inputs_of(files)


def verify_files(files: dict[str, bytes]) -> dict[str, Any]:
    """Check every byte against the manifest and return the manifest. Errors: `SnapshotAltered`, naming the file."""
    if MANIFEST not in files:
        raise SnapshotAltered(f"The snapshot has no {MANIFEST}. Restore it from a backup.")
    manifest = _read_manifest(files[MANIFEST])
    listed, present = set(manifest["files"]), set(files) - {MANIFEST}
    if listed != present:
        name = sorted(listed ^ present)[0]
        raise SnapshotAltered(
            f"The file {name} of the snapshot was {'removed' if name in listed else 'added'} after it was written."
        )
    _refuse_changed(manifest, files)
    return manifest


def verify_some_files(files: dict[str, bytes]) -> dict[str, Any]:
    """The same for the manifest and whatever other files are given: who reads a few hours does not read all of a month."""
    if MANIFEST not in files:
        raise SnapshotAltered(f"The snapshot has no {MANIFEST}. Restore it from a backup.")
    manifest = _read_manifest(files[MANIFEST])
    present = set(files) - {MANIFEST}
    if strange := sorted(present - set(manifest["files"])):
        raise SnapshotAltered(f"The file {strange[0]} of the snapshot was added after it was written.")
    _refuse_changed({"files": {name: manifest["files"][name] for name in present}}, files)
    return manifest


def _refuse_changed(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
    for name, facts in sorted(manifest["files"].items()):
        if sha256(files[name]).hexdigest() != facts["sha256"]:
            raise SnapshotAltered(f"The file {name} of the snapshot was changed after it was written. Restore it from a backup.")


def _manifest_bytes(manifest: dict[str, Any]) -> bytes:
    """Canonical JSON that carries the hash of all the rest of itself."""
    seal = sha256(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return (json.dumps(manifest | {"manifest_sha256": seal}, sort_keys=True, indent=1) + "\n").encode()


def _read_manifest(content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
        without_seal = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
        unchanged = _manifest_bytes(without_seal) == content
    except (ValueError, AttributeError, RecursionError):
        unchanged = False
    if not unchanged:
        raise SnapshotAltered(f"The {MANIFEST} of the snapshot was changed after it was written. Restore it from a backup.")
    if manifest.get("format") != FORMAT:
        raise SnapshotAltered(f"The snapshot is of the format {manifest.get('format')!r}, and this program reads {FORMAT!r}.")
    return without_seal
