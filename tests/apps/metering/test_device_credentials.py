"""Every device gets a password of its own at the broker, once."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.communities.models import Community
from apps.metering.broker_passwords import FILE, read_passwords
from apps.metering.models import Broker, Device, DeviceAssignment

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, tzinfo=UTC)
METER = "cer/IT001E00000001/shelly-1"


def make_device(key: str, *, ends_at: datetime | None = None) -> Device:
    broker, _ = Broker.objects.get_or_create(name="b", defaults={"host": "localhost", "client_id": "c"})
    device = Device.objects.create(broker=broker, vendor="shelly", key=key, first_seen_at=AT)
    DeviceAssignment.objects.create(device=device, pod_key=f"IT001E{device.pk:08d}", starts_at=AT, ends_at=ends_at)
    return device


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    def call(**options):
        call_command("device_credentials", out=tmp_path, json=True, **options)
        return json.loads(capsys.readouterr().out)

    return call


def test_who_measures_a_pod_gets_a_password_and_keeps_it(run, tmp_path: Path):
    make_device(METER)
    make_device("moved-away", ends_at=datetime(2026, 4, 1, tzinfo=UTC))
    first = run()
    assert list(first["made"]) == [METER]
    assert len(first["made"][METER]) == 24
    path = tmp_path / FILE
    kept = path.read_text()
    assert first["made"][METER] not in kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run() == {**first, "made": {}}
    assert path.read_text() == kept


def test_a_device_that_never_spoke_a_new_password_and_an_end(run, tmp_path: Path):
    made = run(device=["tasmota_1", "tasmota_2"])["made"]
    assert set(made) == {"tasmota_1", "tasmota_2"}
    before = read_passwords(tmp_path / FILE)
    assert set(run(rotate=["tasmota_1"])["made"]) == {"tasmota_1"}
    after = read_passwords(tmp_path / FILE)
    assert after["tasmota_1"] != before["tasmota_1"]
    assert after["tasmota_2"] == before["tasmota_2"]
    assert run(revoke=["tasmota_1"])["devices"] == 1
    assert set(read_passwords(tmp_path / FILE)) == {"tasmota_2"}


@pytest.mark.parametrize("key", ["a:b", "a+b", "#", "a\nb"])
def test_a_name_that_would_open_other_doors_is_refused_and_nothing_written(run, capsys, tmp_path: Path, key: str):
    make_device(key)
    make_device(METER)
    with pytest.raises(SystemExit) as left:
        run()
    assert left.value.code == 1
    assert "cannot be a user name" in capsys.readouterr().err
    assert not (tmp_path / FILE).exists()


def test_nobody_unknown_is_revoked_in_silence(run, capsys):
    with pytest.raises(SystemExit):
        run(revoke=["nobody"])
    assert "nobody has no password" in capsys.readouterr().err


def test_what_speaks_at_the_broker_of_a_community_gets_no_password_for_another(run, capsys):
    """Its administrators let there speak whom they like, under any name: also under that of somebody else's meter."""
    community = Community.objects.create(code="CER-V", name="CER del Villaggio", tax_code="12345678903")
    make_device(METER)
    Broker.objects.update(community=community)
    assert run()["made"] == {}
    with pytest.raises(SystemExit):
        run(broker="z")
    assert "There is no broker z." in capsys.readouterr().err
    assert list(run(broker="b")["made"]) == [METER]
