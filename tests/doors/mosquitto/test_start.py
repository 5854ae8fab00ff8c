"""What the broker's container does before it starts the broker."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from apps.metering.broker_passwords import read_passwords
from tests.doors.mosquitto.broker import DEPLOYED

pytestmark = pytest.mark.skipif(shutil.which("mosquitto_passwd") is None, reason="mosquitto_passwd is not installed")


def start(home: Path) -> str:
    """Run start.sh below another root, with programs that only say how they were called."""
    programs = home / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("mosquitto", "chown"):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (programs / name).chmod(0o755)
    shutil.copytree(DEPLOYED, home / "config", dirs_exist_ok=True)
    (home / "data").mkdir(exist_ok=True)
    script = home / "start.sh"
    script.write_text((DEPLOYED / "start.sh").read_text().replace("/mosquitto/", f"{home}/").replace("=/mosquitto", f"={home}"))
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "MQTT_PASSWORD": "secret word"}
    done = subprocess.run(["sh", script], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_services_get_their_password_and_no_device_comes_in(tmp_path: Path):
    said = start(tmp_path)
    assert said.splitlines()[-1] == f"mosquitto -c {tmp_path}/config/mosquitto.conf"
    services = tmp_path / "data" / "services.passwords"
    assert set(read_passwords(services)) == {"listener", "canary"}
    assert "secret word" not in services.read_text()
    assert stat.S_IMODE(services.stat().st_mode) == 0o600
    assert (tmp_path / "data" / "devices.passwords").read_text() == ""
    assert list((tmp_path / "data" / "conf.d").iterdir()) == []


def test_devices_and_certificate_are_taken_over_and_let_go_again(tmp_path: Path):
    for name, text in (("credentials/devices.passwords", "tasmota_1:hash\n"), ("certificates/broker.crt", "certificate")):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(text)
    start(tmp_path)
    assert read_passwords(tmp_path / "data" / "devices.passwords") == {"tasmota_1": "hash"}
    assert (tmp_path / "data" / "conf.d" / "tls.conf").read_text() == (DEPLOYED / "tls.conf").read_text()
    (tmp_path / "certificates" / "broker.crt").unlink()
    (tmp_path / "credentials" / "devices.passwords").unlink()
    start(tmp_path)
    assert read_passwords(tmp_path / "data" / "devices.passwords") == {}
    assert list((tmp_path / "data" / "conf.d").iterdir()) == []
