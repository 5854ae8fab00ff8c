"""The short form of the numbers under fire: no gap, no duplicate, and two mistakes that the harness must notice."""

import re
import subprocess
import sys

import pytest

from tests.faults.children import ROOT

pytestmark = [
    pytest.mark.fault,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="Processes are killed by group, as on a server"),
]


def test_invoice_numbers_have_no_gap_and_no_duplicate_whatever_dies():
    command = [sys.executable, "-m", "tests.faults.money.numbers", "--writers", "4", "--count", "120", "--seed", "2026"]
    command += ["--control", "sequence", "--control", "max_plus_one"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    last = re.fullmatch(r"numbers: numbers=120 gaps=0 duplicates=0 kills=(\d+) rollbacks=(\d+) seed=2026", output.split("\n")[-2])
    assert last, output
    assert int(last[1]) >= 2
    assert int(last[2]) >= 1
    assert re.search(r"control: sequence numbers=80 gaps=[1-9]\d* duplicates=0", output), output
    assert re.search(r"control: max_plus_one numbers=80 gaps=\d+ duplicates=[1-9]", output), output
