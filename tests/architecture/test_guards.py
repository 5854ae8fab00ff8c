"""The guards of pyproject.toml bark: a tool that is configured and never complains may as well be asleep."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
READS_THE_CLOCK = "import datetime as d\n\nfrom django.utils import timezone\n\nA = d.datetime.now(d.UTC)\nB = timezone.now()\n"


def lint(path: str, source: str) -> set[str]:
    """The codes ruff gives to a file of this content at this place."""
    done = subprocess.run(
        [BIN / "ruff", "check", "--output-format", "concise", "--stdin-filename", ROOT / path, "-"],
        input=source,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return set(re.findall(r": ([A-Z]+\d+) ", done.stdout))


@pytest.mark.parametrize("path", ["apps/engine/x.py", "apps/settlement/models.py", "apps/accounts/x/y.py", "reports/x.py"])
def test_the_clock_is_banned_below_the_doors(path: str):
    assert lint(path, READS_THE_CLOCK) == {"TID251"}


@pytest.mark.parametrize(
    "path", ["tasks/x.py", "apps/backoffice/x.py", "apps/portal/x/y.py", "apps/metering/management/commands/x.py", "project/x.py"]
)
def test_doors_tasks_and_commands_may_read_the_clock(path: str):
    assert lint(path, READS_THE_CLOCK) == set()


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The rooms of the house without their contents, under the same contracts."""
    rooms = [init.parent.relative_to(ROOT) for init in ROOT.glob("apps/*/__init__.py")]
    for room in (Path("apps"), *rooms, Path("tasks"), Path("reports"), Path("project"), Path("fixtures")):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check_imports(house: Path) -> tuple[int, str]:
    done = subprocess.run([BIN / "lint-imports", "--no-cache"], cwd=house, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_an_empty_house_is_in_order(house: Path):
    assert check_imports(house)[0] == 0


@pytest.mark.parametrize(
    ("room", "imports", "contract"),
    [
        ("apps/engine", "django.db", "The engine knows NumPy"),
        ("apps/engine", "pandas", "The engine knows NumPy"),
        ("apps/engine", "msgspec", "The engine knows NumPy"),
        ("apps/engine/intervals", "msgspec", "The engine knows NumPy"),
        ("apps/engine", "apps.accounts", "Every app has its floor"),
        ("apps/metering", "apps.settlement", "Every app has its floor"),
        ("apps/portal", "apps.backoffice", "Every app has its floor"),
        ("apps/settlement", "tasks", "The house has floors"),
        ("apps/communities", "reports", "Only tasks and doors carry documents"),
        ("tasks", "apps.portal", "The house has floors"),
        ("tasks", "project", "The house has floors"),
        ("reports", "apps.communities", "The house has floors"),
        ("fixtures", "apps.communities", "The house has floors"),
        ("reports", "celery", "The press gets documents"),
    ],
)
def test_an_import_against_the_floors_is_refused(house: Path, room: str, imports: str, contract: str):
    (house / room).mkdir(exist_ok=True)
    (house / room / "__init__.py").touch()
    (house / room / "intruder.py").write_text(f"import {imports}\n")
    code, report = check_imports(house)
    assert code == 1
    assert contract in re.sub(r"\s+", " ", report.partition("Broken contracts")[2])


def test_telemetry_alone_may_read_payloads_with_msgspec(house: Path):
    (house / "apps" / "engine" / "telemetry").mkdir()
    (house / "apps" / "engine" / "telemetry" / "__init__.py").touch()
    (house / "apps" / "engine" / "telemetry" / "reader.py").write_text("import msgspec\n")
    assert check_imports(house)[0] == 0


def test_an_app_without_a_floor_is_refused(house: Path):
    (house / "apps" / "rogue").mkdir()
    (house / "apps" / "rogue" / "__init__.py").touch()
    code, report = check_imports(house)
    assert code == 1
    assert "rogue" in report


def test_the_containers_take_every_secret_from_the_environment_file():
    text = (ROOT / "docker-compose.yml").read_text()
    composed = yaml.safe_load(text)
    assert set(composed["services"]) == {"postgres", "redis", "mosquitto", "migrations", "web", "worker", "beat", "listener"}
    asked = set(re.findall(r"\$\{(\w+):\?", text))
    example = dict(re.findall(r"(?m)^(\w+)=(.*)$", (ROOT / ".env.example").read_text()))
    assert {"SECRET_KEY", "PII_KEYS", "POSTGRES_PASSWORD", "MQTT_PASSWORD"} <= asked
    assert asked <= set(example)
    assert {name for name, value in example.items() if value and re.search("SECRET|KEY|PASSWORD", name)} == set()


def test_the_broker_of_the_containers_drops_nothing_and_lets_nobody_in_unasked():
    settings = dict(
        line.split(" ", 1)
        for line in (ROOT / "deploy" / "mosquitto" / "mosquitto.conf").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert settings["allow_anonymous"] == "false"
    assert settings["persistence"] == "true"
    assert (settings["max_queued_messages"], settings["max_inflight_messages"]) == ("0", "0")


def test_every_target_of_the_makefile_is_explained():
    text = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"(?m)^\.PHONY: (.*)$", text)[1].split())  # type: ignore[index]
    explained = set(re.findall(r"(?m)^([a-z]+):.*## \w", text))
    assert {target for target in targets if "-" not in target} == explained


def test_nothing_is_kept_that_leads_out_of_the_repository_or_that_set_up_makes():
    listed = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a checkout of git")
    rows = [re.split(r"\s", line, maxsplit=3) for line in listed.stdout.splitlines()]
    links = [path for mode, _, _, path in rows if mode == "120000"]
    made = [path for *_, path in rows if path.split("/")[0] in {".venv", "var", ".env"}]
    assert (links, made) == ([], []), "links point to places of one machine; set-up cannot make what is there already"
