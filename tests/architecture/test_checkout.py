"""What a clone brings along: files that stand on their own, nothing that points to the machine where it was written."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYMBOLIC_LINK = "120000"


def test_a_clone_holds_no_symbolic_link() -> None:
    """One called .venv would stop `make demo` on every other machine."""
    found = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.skip("not a checkout of git")
    assert [line for line in found.stdout.splitlines() if line.startswith(SYMBOLIC_LINK)] == []
