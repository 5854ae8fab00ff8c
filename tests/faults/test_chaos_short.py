"""The short form of `make chaos`: every kind of fault once, a frozen worker, and mistakes that the harness must notice."""

import re
import subprocess
import sys

import pytest

from project.servers.programs import list_executables
from tests.faults.chaos import plan
from tests.faults.children import ROOT
from tests.faults.kinds import KINDS

pytestmark = [
    pytest.mark.fault,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="Processes are looked at through /proc"),
    pytest.mark.skipif(
        next(list_executables("mosquitto"), None) is None, reason="Mosquitto is not installed: apt-get install mosquitto"
    ),
]
SEED = 2026


def run(module: str, *arguments: str) -> tuple[int, str]:
    """Run a harness with servers of its own; returns its exit code and what it printed."""
    command = [sys.executable, "-m", f"tests.faults.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    return done.returncode, done.stdout + done.stderr


def test_nothing_is_lost_or_counted_twice_whatever_dies():
    faults = len(KINDS)
    code, output = run("chaos", "--faults", str(faults), "--seed", str(SEED))
    found = re.fullmatch(rf"chaos: faults={faults} messages=(\d+) lost=0 duplicated=0 seed={SEED}", output.splitlines()[-1])
    assert found, output
    assert code == 0, output
    assert int(found[1]) >= 1800 * faults


def test_the_flow_resumes_within_ten_seconds_of_any_kill():
    code, output = run("resume", "--attempts", "3")
    assert code == 0, output
    assert re.search(r"^resume: kills=5 rate=1111 longest_s=\d+\.\d$", output, re.MULTILINE), output


@pytest.fixture(scope="module")
def controls() -> tuple[int, str]:
    return run("controls")


def test_a_frozen_worker_keeps_nothing_and_a_sound_house_gives_no_alarm(controls: tuple[int, str]):
    code, output = controls
    assert code == 0, output
    assert "control: frozen_worker messages=160 lost=0 duplicated=0" in output
    assert re.search(r"control: sound messages=[1-9]\d* lost=0 duplicated=0", output), output


@pytest.mark.parametrize(
    ("mistake", "noticed"),
    [
        ("early_ack", r"lost=[1-9]\d* duplicated=0"),
        ("no_journal_gate", r"lost=0 duplicated=[1-9]\d*"),
        ("no_unique_key", r"lost=0 duplicated=[1-9]\d*"),
    ],
)
def test_the_harness_notices(mistake: str, noticed: str, controls: tuple[int, str]):
    assert re.search(rf"control: {mistake} messages=[1-9]\d* {noticed}", controls[1]), controls[1]


def test_a_plan_has_every_kind_before_any_comes_again():
    assert sorted(plan(len(KINDS), 5)) == sorted(KINDS)
    assert plan(250, 5)[:40] == plan(40, 5)
    assert plan(40, 5) != plan(40, 6)
