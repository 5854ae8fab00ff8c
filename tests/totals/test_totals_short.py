"""The short form of `make totals`: a few random communities, and a cent moved in each of the five places."""

import re
import subprocess
import sys

import pytest

from tests.faults.children import ROOT
from tests.totals.moving import MOVES
from tests.totals.reading import PLACES

pytestmark = pytest.mark.slow
RUNS, SEED = 6, 2026


@pytest.fixture(scope="module")
def output() -> str:
    command = [sys.executable, "-m", "tests.totals", "--runs", str(RUNS), "--seed", str(SEED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_five_places_say_the_same_to_the_cent(output: str) -> None:
    found = re.fullmatch(rf"totals: runs={RUNS} members=(\d+) differences=0 seed={SEED}", output.splitlines()[-1])
    assert found, output
    assert int(found[1]) >= 3 * RUNS


@pytest.mark.parametrize("place", PLACES)
def test_a_moved_cent_is_noticed(place: str, output: str) -> None:
    assert place in MOVES
    assert len(re.findall(rf"^control: {place} noticed=[1-9]\d*$", output, re.MULTILINE)) == 2, output
