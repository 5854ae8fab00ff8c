"""A device measures one thing at a time; replacing and moving close what was, at that instant, and keep it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from apps.metering.device_errors import AlreadyBound, AssignmentOverlaps, BindingRefused, ComponentUnknown, PodUnknown
from apps.metering.device_operations import bind_device, end_assignment
from apps.metering.models import DeviceAssignment, PointMark, QuarterMark
from tests.doors.backoffice.devices.conftest import shelly_payload, shelly_topic
from tests.doors.backoffice.pages import words

pytestmark = pytest.mark.django_db
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
MAY = datetime(2026, 5, 1, tzinfo=UTC)


def bind(device, pod, starts_at=MARCH, **changes):
    asked: dict[str, Any] = {"component": "", "role": "exchange", "connection_power_w": 3300} | changes
    return bind_device(device_id=device.pk, pod=pod, starts_at=starts_at, **asked)


def rows():
    return list(
        DeviceAssignment.objects.order_by("starts_at", "pk").values_list(
            "device__vendor", "pod_key", "role", "starts_at", "ends_at"
        )
    )


def test_a_replacement_ends_the_old_device_at_that_instant(site):
    pod = site.village.pods[1]
    bind(site.shelly, pod)
    bind(site.native, pod, APRIL)
    assert rows() == [("shelly", pod, "exchange", MARCH, APRIL), ("native", pod, "exchange", APRIL, None)]


def test_a_move_ends_what_the_device_measured(site):
    first, second = site.village.pods[1:]
    bind(site.shelly, first)
    bind(site.shelly, second, APRIL)
    assert rows() == [("shelly", first, "exchange", MARCH, APRIL), ("shelly", second, "exchange", APRIL, None)]


def test_a_move_onto_the_pod_of_another_ends_both(site):
    first, second = site.village.pods[1:]
    bind(site.shelly, first)
    bind(site.native, second)
    bind(site.native, first, APRIL)
    assert rows() == [
        ("shelly", first, "exchange", MARCH, APRIL),
        ("native", second, "exchange", MARCH, APRIL),
        ("native", first, "exchange", APRIL, None),
    ]


def test_a_role_of_the_same_pod_is_another_thing(site):
    pod = site.village.pods[1]
    bind(site.shelly, pod)
    bind(site.native, pod, role="production")
    assert [row[4] for row in rows()] == [None, None]


def test_all_meters_together_and_one_of_them_are_never_bound_at_once(site):
    first, second = site.village.pods[1:]
    site.send(shelly_topic(first, "em1data:1"), shelly_payload(5))
    bind(site.shelly, first)
    bind(site.shelly, second, APRIL, component="em1:1")
    assert [row[4] for row in rows()] == [APRIL, None]
    bind(site.shelly, first, APRIL, component="em1:0")
    assert [row[4] for row in rows()] == [APRIL, None, None]
    bind(site.shelly, first, MAY)
    assert [row[4] for row in rows()] == [APRIL, MAY, MAY, None]


def test_what_begins_later_is_never_cut_silently(site):
    first, second = site.village.pods[1:]
    bind(site.shelly, first, APRIL)
    before = rows()
    for pod in (first, second):
        with pytest.raises(AssignmentOverlaps, match=r"01/04/2026"):
            bind(site.shelly, pod, MARCH)
    with pytest.raises(AssignmentOverlaps):
        bind(site.native, first, APRIL)
    assert rows() == before


def test_an_ended_assignment_is_history_and_is_not_shortened(site):
    first, second = site.village.pods[1:]
    bind(site.shelly, first, MARCH)
    end_assignment(assignment_id=DeviceAssignment.objects.get().pk, ends_at=MAY)
    with pytest.raises(AssignmentOverlaps):
        bind(site.shelly, second, APRIL)
    bind(site.shelly, second, MAY)
    assert [row[4] for row in rows()] == [MAY, None]


def test_the_same_press_twice_is_one_assignment_and_the_same_wish_later_is_refused(site):
    pod = site.village.pods[1]
    assert bind(site.shelly, pod).pk == bind(site.shelly, pod).pk
    with pytest.raises(AlreadyBound):
        bind(site.shelly, pod, APRIL)
    assert len(rows()) == 1


def test_who_comes_second_is_told_so_by_name(site, monkeypatch):
    """Two people bind two devices to one POD at the same time: neither sees the other's row, the database does."""
    pod = site.village.pods[1]
    bind(site.shelly, pod)
    monkeypatch.setattr("apps.metering.device_operations._make_room", lambda *asked: [])
    with pytest.raises(AssignmentOverlaps):
        bind(site.native, pod, APRIL)
    assert rows() == [("shelly", pod, "exchange", MARCH, None)]


def test_binding_has_the_quarters_computed_again(site):
    """From the instant on, for the POD that gains the device and for the one that loses it."""
    first, second = site.village.pods[1:]
    bind(site.shelly, first, datetime(2026, 3, 2, tzinfo=UTC))
    QuarterMark.objects.all().delete()
    PointMark.objects.all().delete()
    bind(site.shelly, second, datetime(2026, 3, 2, 6, tzinfo=UTC))
    assert sorted(PointMark.objects.values_list("pod_key", flat=True)) == [first, second]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"pod": "IT999E99999999"}, PodUnknown),
        ({"pod": "<b>"}, PodUnknown),
        ({"component": "em9:9"}, ComponentUnknown),
        ({"role": "king"}, BindingRefused),
        ({"connection_power_w": 0}, BindingRefused),
        ({"connection_power_w": 10**9}, BindingRefused),
        ({"starts_at": datetime(2019, 12, 31, tzinfo=UTC)}, BindingRefused),
    ],
)
def test_a_refused_binding_writes_nothing(site, changes, error):
    asked = {"pod": site.village.pods[1]} | changes
    with pytest.raises(error):
        bind(site.shelly, asked.pop("pod"), **asked)
    assert rows() == []


def test_a_known_power_comes_from_the_last_binding_then_the_plant_then_a_household(site):
    plant, home = site.village.pods[:2]
    assert bind(site.shelly, plant, connection_power_w=None).connection_power_w == 99_900
    assert bind(site.native, home, connection_power_w=None).connection_power_w == 3300
    bind(site.native, home, APRIL, connection_power_w=6000)
    assert bind(site.shelly, home, MAY, connection_power_w=None).connection_power_w == 6000


def test_an_end_is_later_than_the_start_and_stays(site):
    made = bind(site.shelly, site.village.pods[1])
    with pytest.raises(AssignmentOverlaps):
        end_assignment(assignment_id=made.pk, ends_at=MARCH)
    assert end_assignment(assignment_id=made.pk, ends_at=APRIL).ends_at == APRIL
    end_assignment(assignment_id=made.pk, ends_at=APRIL)
    with pytest.raises(AssignmentOverlaps):
        end_assignment(assignment_id=made.pk, ends_at=MAY)


class TestForm:
    """What a person sees and types."""

    def address(self, device):
        return f"/ceradmin/metering/device/{device.pk}/bind/"

    def test_the_pod_of_the_topic_is_proposed_and_one_press_binds(self, site, root):
        page = root.get(self.address(site.shelly))
        assert f'value="{site.village.pods[1]}"' in page.content.decode()
        assert "Componente" not in words(page)
        answer = root.post(
            self.address(site.shelly),
            {"pod": site.village.pods[1], "role": "exchange", "starts_at": "2026-03-01T01:00", "power_kw": "4,5"},
        )
        assert (answer.status_code, answer["Location"]) == (302, f"/ceradmin/metering/device/{site.shelly.pk}/")
        made = DeviceAssignment.objects.get()
        assert (made.pod_key, made.starts_at, made.connection_power_w) == (site.village.pods[1], MARCH, 4500)
        assert f"misura {site.village.pods[1]} (scambio (M1)) dal 01/03/2026 01:00" in words(root.get(answer["Location"]))
        entry = LogEntry.objects.get()
        assert (entry.user, entry.object_id) == (site.root, str(site.shelly.pk))
        assert entry.change_message.startswith(f"Bound everything to {site.village.pods[1]} as exchange from 2026-03-01")

    def test_several_components_are_offered(self, site, root):
        site.send(shelly_topic(site.village.pods[1], "em1data:1"), shelly_payload(5))
        page = words(root.get(self.address(site.shelly)))
        assert "tutti insieme em1:0 em1:1" in page

    def test_a_wrong_answer_comes_back_with_its_sentence(self, site, root):
        form = {"pod": "IT999E99999999", "role": "exchange", "starts_at": "2026-03-01T01:00"}
        answer = root.post(self.address(site.shelly), form)
        assert answer.status_code == 200
        assert "non è un punto di misura di nessuna configurazione" in words(answer)
        for wrong in ({"power_kw": "-1"}, {"power_kw": "x"}, {"starts_at": "yesterday"}, {"role": "x"}, {"pod": ""}):
            assert root.post(self.address(site.shelly), form | {"pod": site.village.pods[1]} | wrong).status_code == 200
        assert rows() == []

    def test_an_assignment_is_ended_from_the_page(self, site, root):
        made = bind(site.shelly, site.village.pods[1])
        address = f"/ceradmin/metering/device/{site.shelly.pk}/end/{made.pk}/"
        assert root.get(address).status_code == 405
        root.post(address, {"ends_at": "x"})
        root.post(f"/ceradmin/metering/device/{site.native.pk}/end/{made.pk}/", {"ends_at": "2026-04-01T02:00"})
        assert rows()[0][4] is None
        root.post(address, {"ends_at": "2026-04-01T02:00"})
        assert rows()[0][4] == APRIL
