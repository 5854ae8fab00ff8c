"""What a snapshot says about its run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What the snapshot says about its run besides the engine's input and result.

    No names: a snapshot is kept for ever and its hash may not change when a person asks to be forgotten; members stand in it
    by code. `state` is the state of the run when it was written. The two hashes come from `engine.digest`.
    """

    run: int
    version: int
    state: str
    rules_version: str
    code_version: str
    inputs_sha256: str
    result_sha256: str = ""
