"""The set-up: what is locked is locked, what is optional never stops anybody, and the second start is quick."""

import ast
import importlib
import re
import sys
import time
from pathlib import Path
from types import ModuleType

import polib
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
BEFORE_PACKAGES = ("setup.py", "steps.py", "python_packages.py", "system_packages.py")


def read_pins(text: str) -> dict[str, int]:
    """How many hashes each pinned line of a lock carries, by the line's name==version."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^\s*#.*\n?", "", text))
    return {line.split()[0]: line.count("--hash=sha256:") for line in joined.splitlines() if line.strip()}


def normalise(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[=<>!~;\s]", requirement.strip(), maxsplit=1)[0]).lower()


@pytest.fixture
def setup_modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The modules of the set-up, imported the way `python3 scripts/setup.py` finds them, and forgotten afterwards."""
    names = ("steps", "system_packages", "python_packages", "setup")
    monkeypatch.syspath_prepend(str(SCRIPTS))
    modules = {name: importlib.import_module(name) for name in names}
    for name in names:
        monkeypatch.delitem(sys.modules, name)
    return modules


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_one_version_and_hashes(lock: Path):
    pins = read_pins(lock.read_text())
    assert pins
    assert {pin for pin, hashes in pins.items() if hashes == 0 or "==" not in pin} == set()


def test_a_package_without_a_hash_would_be_noticed():
    text = "good==1.0 \\\n    --hash=sha256:aa\n    # via -r base.in\nloose>=2\nbare==3 ; python_version < '3.12'\n"
    assert read_pins(text) == {"good==1.0": 1, "loose>=2": 0, "bare==3": 0}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_name_no_host_and_no_place(lock: Path):
    assert re.findall(r"\w+://|--(?:extra-)?index-url|--find-links|(?<![\w.])/(?:home|root|tmp|work)/", lock.read_text()) == []


@pytest.mark.parametrize("name", ["base", "dev", "uv"])
def test_everything_asked_for_is_locked_and_the_application_runs_on_what_is_tested(name: str):
    wanted = [
        line
        for line in (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
        if line.strip() and not line.startswith(("#", "-"))
    ]
    locked = {normalise(pin): pin for pin in read_pins((ROOT / "requirements" / f"{name}.txt").read_text())}
    assert [line for line in wanted if normalise(line) not in locked] == []
    tested = set(read_pins((ROOT / "requirements" / "dev.txt").read_text()))
    assert name == "uv" or {pin for pin in locked.values() if pin not in tested} == set()


def test_the_set_up_needs_nothing_but_the_standard_library():
    """It runs before there is anything else, under whatever Python 3.11 or newer the machine has."""
    siblings = {Path(name).stem for name in BEFORE_PACKAGES}
    for name in BEFORE_PACKAGES:
        for node in ast.walk(ast.parse((SCRIPTS / name).read_text())):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            foreign = [module for module in imported if module.split(".")[0] not in sys.stdlib_module_names | siblings]
            assert foreign == [], name


def test_an_environment_that_was_brought_to_the_locks_is_left_alone(tmp_path: Path, setup_modules, monkeypatch):
    python_packages = setup_modules["python_packages"]
    locks = [ROOT / "requirements" / name for name in python_packages.LOCKS]
    (tmp_path / ".stamp").write_text(python_packages.compute_stamp(locks, tmp_path))
    started = []
    monkeypatch.setattr(python_packages, "run", lambda command, **options: started.append(command))
    python_packages.install_packages(root=ROOT, venv=tmp_path)
    assert started == []


@pytest.mark.parametrize("change", ["lock", "interpreter", "place"])
def test_a_change_of_lock_interpreter_or_place_is_noticed(change: str, tmp_path: Path, setup_modules, monkeypatch):
    compute_stamp = setup_modules["python_packages"].compute_stamp
    lock = tmp_path / "dev.txt"
    lock.write_text("a==1")
    before = compute_stamp([lock], tmp_path)
    if change == "lock":
        lock.write_text("a==2")
    elif change == "interpreter":
        monkeypatch.setattr(sys, "version", "3.99")
    assert compute_stamp([lock], tmp_path / "elsewhere" if change == "place" else tmp_path) != before


def test_what_is_optional_never_stops_anybody_and_says_why_once_an_hour(tmp_path: Path, setup_modules, monkeypatch, capsys):
    system = setup_modules["system_packages"]
    attempts = []

    def fail(packages):
        attempts.append(packages)
        return "the network is away"

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(system, "install_with_apt", fail)
    need = system.Need("Chromium", ("test",), lambda: False, ("chromium",), (), "tests in a browser are skipped")
    monkeypatch.setattr(system, "NEEDS", (need,))
    system.install_system_packages(purpose="demo", memory=tmp_path)
    assert attempts == []  # the demo does without
    for _ in range(2):
        system.install_system_packages(purpose="test", memory=tmp_path)
        assert "Chromium is not there (the network is away): tests in a browser are skipped." in capsys.readouterr().err
    assert attempts == [("chromium",)]
    monkeypatch.setattr(time, "time", lambda: 2e10)
    system.install_system_packages(purpose="test", memory=tmp_path)
    assert len(attempts) == 2


def test_what_is_necessary_stops_with_the_command_to_run(tmp_path: Path, setup_modules, monkeypatch):
    system = setup_modules["system_packages"]
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(system, "install_with_apt", lambda packages: "that needs root, or sudo without a password")
    need = next(need for need in system.NEEDS if need.name == "Pango")
    monkeypatch.setattr(
        system, "NEEDS", (system.Need(need.name, need.purposes, lambda: False, need.apt, need.brew, need.without),)
    )
    with pytest.raises(
        setup_modules["steps"].SetupFailed, match=r"^Pango is missing: run `apt-get install libpango-1\.0-0 .*needs root"
    ):
        system.install_system_packages(purpose="demo", memory=tmp_path)


def test_a_python_that_is_too_old_hands_over_or_says_which_is_needed(setup_modules, monkeypatch):
    setup = setup_modules["setup"]
    handed_over = []
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(setup.os, "execv", lambda path, arguments: handed_over.append(path))
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    with pytest.raises(setup_modules["steps"].SetupFailed, match=r"^Python 3\.11 to 3\.14 is needed and this is"):
        setup.use_supported_python()
    monkeypatch.setattr(setup.shutil, "which", lambda name: sys.executable if name == "python3.12" else None)
    with pytest.raises(setup_modules["steps"].SetupFailed):  # execv does not return in real life
        setup.use_supported_python()
    assert handed_over == [sys.executable]


def test_a_failure_is_one_sentence_with_the_last_words_of_the_program(setup_modules):
    steps = setup_modules["steps"]
    script = "print('chatter'); print('error: no space left.'); print('bye'); raise SystemExit(3)"
    with pytest.raises(steps.SetupFailed, match=r"^it cannot be installed: error: no space left\.$"):
        steps.run([sys.executable, "-c", script], failure="it cannot be installed")
    with pytest.raises(steps.SetupFailed, match="no-such-program"):
        steps.run(["no-such-program"], failure="it cannot be installed")


def test_translations_compile_without_gettext(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    compile_translations = importlib.import_module("compile_translations")
    source = tmp_path / "django.po"
    source.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "energia"\nmsgstr "energy"\n')
    monkeypatch.setattr(sys, "argv", ["compile", str(source)])
    assert compile_translations.main() == 0
    assert [(entry.msgid, entry.msgstr) for entry in polib.mofile(str(source.with_suffix(".mo")))] == [("energia", "energy")]
    source.write_text('msgid "energia"\nnonsense\n')
    assert compile_translations.main() == 1
