"""Failpoints: silent unless armed, and then they do what the variable says, at the pass it names."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from project.failpoints import EXIT_CODE, parse

ROOT = Path(__file__).resolve().parents[2]
THREE_PASSES = """
from project.failpoints import FailpointReached, hit
for turn in (1, 2, 3):
    print(turn, flush=True)
    hit("here")
    hit("elsewhere")
"""


def run(failpoints: str | None) -> subprocess.CompletedProcess[str]:
    """Three passes of the failpoint `here` in a process armed like this."""
    environment = {name: value for name, value in os.environ.items() if name != "FAILPOINTS"}
    if failpoints is not None:
        environment["FAILPOINTS"] = failpoints
    return subprocess.run(
        [sys.executable, "-c", THREE_PASSES], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize("failpoints", [None, "", "other=kill", "here=kill@4"])
def test_nothing_happens_where_nothing_is_armed(failpoints: str | None):
    done = run(failpoints)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["1", "2", "3"], "")


@pytest.mark.parametrize(
    ("failpoints", "code", "passes"),
    [
        ("here=kill", -signal.SIGKILL, "1"),
        ("here=kill@2", -signal.SIGKILL, "1 2"),
        ("other=exit, here=exit@3", EXIT_CODE, "1 2 3"),
        ("elsewhere=raise@2", 1, "1 2"),
    ],
)
def test_an_armed_failpoint_ends_the_process_at_its_pass_and_says_so(failpoints: str, code: int, passes: str):
    done = run(failpoints)
    assert (done.returncode, done.stdout.split()) == (code, passes.split())
    assert "failpoint " in done.stderr
    assert ("FailpointReached: elsewhere" in done.stderr) == (code == 1)


def test_sleeping_goes_on_afterwards():
    done = run("here=sleep:0.01")
    assert (done.returncode, done.stderr) == (0, "failpoint here: sleep\n" * 3)


@pytest.mark.parametrize("text", ["here", "here=", "=kill", "here=explode", "here=sleep", "here=sleep:x", "here=kill@0"])
def test_a_wrong_value_is_refused_with_a_sentence(text: str):
    with pytest.raises(ImproperlyConfigured, match="FAILPOINTS has"):
        parse(text)


def test_several_failpoints_are_read():
    armed = parse("a.b=kill@3,c=sleep:1.5")
    assert {name: (point.action, point.seconds, point.turn) for name, point in armed.items()} == {
        "a.b": ("kill", 0.0, 3),
        "c": ("sleep", 1.5, None),
    }
