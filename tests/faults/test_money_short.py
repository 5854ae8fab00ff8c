"""The short form of `make chaos-money`: every failpoint once, PostgreSQL stopped, and mistakes that the harness must notice."""

import re
import subprocess
import sys

import pytest

from tests.faults.children import ROOT

pytestmark = [
    pytest.mark.fault,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="Processes are forked, frozen and looked at as Linux does it"),
]
SEED = 2026


def run(module: str, *arguments: str) -> tuple[int, str]:
    """Run a harness with servers of its own; returns its exit code and what it printed."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    return done.returncode, done.stdout + done.stderr


def test_nothing_is_done_twice_or_half_whoever_dies():
    code, output = run("tests.faults.money", "--triggers", "60", "--seed", str(SEED))
    found = re.fullmatch(
        rf"money: triggers=(\d+) kills=(\d+) double=0 half=0 unbalanced=0 numbers=(\d+) gaps=0 duplicates=0 seed={SEED}",
        output.splitlines()[-1],
    )
    assert found, output
    assert int(found[1]) >= 60
    assert int(found[2]) >= 12
    assert code == 0, output
    assert int(found[3]) >= 100


@pytest.fixture(scope="module")
def controls() -> tuple[int, str]:
    return run("tests.faults.money.controls")


def test_a_sound_house_gives_no_alarm(controls: tuple[int, str]):
    code, output = controls
    assert code == 0, output
    assert "control: sound double=0 half=0 unbalanced=0" in output


@pytest.mark.parametrize(
    ("mistake", "noticed"),
    [
        ("no_unique_key", r"double=[1-9]\d* "),
        ("two_transactions", r"double=0 half=[1-9]\d* "),
        ("float_cents", r"double=0 half=0 unbalanced=[1-9]\d*"),
        ("unseen_approval", r"double=0 half=[1-9]\d* unbalanced=0"),
    ],
)
def test_the_harness_notices(mistake: str, noticed: str, controls: tuple[int, str]):
    assert re.search(rf"control: {mistake} {noticed}", controls[1]), controls[1]
