"""Administrators bind what is theirs to their own PODs; what belongs to another community is neither shown nor touched."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apps.communities.models import MeteringPoint
from apps.metering.models import Device, DeviceAssignment
from tests.doors.backoffice.devices.conftest import shelly_payload, shelly_topic
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.test_access import fingerprint

pytestmark = pytest.mark.django_db
LIST = "/ceradmin/metering/device/"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
MAY = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def nina(site, as_user):
    """Somebody who administers no community that has to do with any of this."""
    return as_user(site.village.stranger)


def address(device, tail="bind/"):
    return f"{LIST}{device.pk}/{tail}"


def asked(pod, starts_at="2026-04-01T02:00", **more):
    return {"pod": pod, "role": "exchange", "starts_at": starts_at, "power_kw": "4,5"} | more


def measures(device, pod, starts_at=MARCH, **more):
    return DeviceAssignment.objects.create(device=device, pod_key=pod, role="exchange", starts_at=starts_at, **more)


def rows():
    found = DeviceAssignment.objects.order_by("starts_at", "pk")
    return list(found.values_list("device__label", "pod_key", "component", "starts_at", "ends_at"))


def hear_device(site, pod, device):
    """Let a new Shelly speak that names a POD."""
    site.send(shelly_topic(pod, device=device), shelly_payload(7))
    return Device.objects.get(key__endswith=f"/{device}")


def belongs_to_others(site, pod, valid_from, valid_to=None):
    other = MeteringPoint.objects.get(pod_key=site.elsewhere.pods[1])
    MeteringPoint.objects.create(
        pod=pod, configuration=other.configuration, member=other.member, valid_from=valid_from, valid_to=valid_to
    )


class TestNotBound:
    """Seen, and bound to nothing: whose is it?"""

    def test_one_that_names_a_pod_of_theirs_is_bound_in_one_form(self, site, anna):
        pod = site.village.pods[1]
        page = words(anna.get(LIST))
        assert "Visti ma non associati 1" in page
        assert pod in page
        assert "D1" not in page
        proposed = anna.get(address(site.shelly)).content.decode()
        assert f'value="{pod}"' in proposed
        assert [f'<option value="{one}">' in proposed for one in (*site.village.pods, *site.elsewhere.pods)] == 3 * [True] + 3 * [
            False
        ]
        answer = anna.post(address(site.shelly), asked(pod))
        assert answer["Location"] == address(site.shelly, "")
        assert rows() == [("quadro", pod, "", APRIL, None)]
        assert "Visti ma non associati" not in words(anna.get(LIST))

    def test_for_everybody_else_it_does_not_exist(self, site, dora, nina):
        before = fingerprint()
        for other in (dora, nina):
            assert "quadro" not in words(other.get(LIST))
            for tail in ("", "bind/", "now/", "label/", "end/1/"):
                for method in (other.get, other.post):
                    assert method(address(site.shelly, tail), asked(site.elsewhere.pods[1])).status_code == 404
        assert fingerprint() == before

    def test_one_that_names_no_pod_is_for_who_runs_the_installation(self, site, anna, dora, root):
        assert [one.get(address(site.native)).status_code for one in (anna, dora, root)] == [404, 404, 200]

    def test_what_speaks_at_the_broker_of_a_community_is_its_own_and_nobody_elses(self, site, anna, dora):
        foreign = hear_device(site, site.elsewhere.pods[1], "altrui")
        assert [one.get(address(foreign)).status_code for one in (anna, dora)] == [404, 200]
        site.broker.community = site.village.configuration.community
        site.broker.save()
        for device in (site.shelly, site.native, foreign):
            assert [one.get(address(device)).status_code for one in (anna, dora)] == [200, 404]
        page = words(anna.get(LIST))
        assert "I broker delle tue comunità" in page
        assert "Broker di casa sconosciuto" in page
        assert "mqtt.example.org" not in page
        assert "Broker di casa" not in words(dora.get(LIST))
        # its topic claims another POD: to that one it is not bound
        assert "non è un punto di misura delle tue comunità" in words(anna.post(address(foreign), asked(site.elsewhere.pods[1])))
        anna.post(address(foreign), asked(site.village.pods[2]))
        assert rows() == [("altrui", site.village.pods[2], "", APRIL, None)]

    def test_one_that_works_elsewhere_is_not_shown_whatever_its_topic_names(self, site, anna):
        measures(site.shelly, site.elsewhere.pods[1])
        assert anna.get(address(site.shelly, "")).status_code == 404
        DeviceAssignment.objects.update(starts_at=datetime.now(UTC) + timedelta(days=1))
        assert anna.get(address(site.shelly, "")).status_code == 404

    def test_a_pod_of_an_earlier_day_is_no_pod_of_theirs(self, site, anna):
        MeteringPoint.objects.filter(pod_key=site.village.pods[1]).update(valid_to=date(2026, 1, 1))
        assert anna.get(address(site.shelly)).status_code == 404


class TestBound:
    """What measures already is moved, replaced and ended among their own PODs."""

    def test_moving_and_replacing(self, site, anna):
        first, second = site.village.pods[1:]
        measures(site.shelly, first)
        new = hear_device(site, second, "nuovo")
        anna.post(address(new), asked(first))
        assert rows() == [("quadro", first, "", MARCH, APRIL), ("nuovo", first, "", APRIL, None)]
        anna.post(address(new), asked(second, "2026-05-01T02:00"))
        assert rows()[1:] == [("nuovo", first, "", APRIL, MAY), ("nuovo", second, "", MAY, None)]

    def test_an_end_and_then_a_look_at_what_is_left(self, site, anna):
        made = measures(site.native, site.village.pods[1])
        answer = anna.post(address(site.native, f"end/{made.pk}/"), {"ends_at": "2026-04-01T02:00"})
        assert answer["Location"] == LIST  # it names no POD, so without work it is not theirs
        assert rows() == [("D1", site.village.pods[1], "", MARCH, APRIL)]
        assert "è chiusa" in words(anna.get(LIST))

    def test_an_assignment_of_somebody_else_cannot_be_ended_through_a_device_of_theirs(self, site, anna):
        measures(site.shelly, site.village.pods[1], component="em1:0")
        foreign = measures(site.shelly, site.elsewhere.pods[1], component="em1:1")
        before = fingerprint()
        assert anna.post(address(site.shelly, f"end/{foreign.pk}/"), {"ends_at": "2026-04-01T02:00"}).status_code == 404
        for tail in ("", "bind/"):
            assert site.elsewhere.pods[1] not in words(anna.get(address(site.shelly, tail)))
        assert fingerprint() == before


class TestRefused:
    """Nothing is written, and no sentence tells what others have."""

    @pytest.fixture(autouse=True)
    def nothing_written(self, site):
        yield
        assert {row[0] for row in rows() if row[3] == APRIL} == set()

    def refusal(self, client, device, *fields, **more):
        answer = client.post(address(device), asked(*fields, **more))
        assert answer.status_code == 200
        return words(answer)

    def test_a_pod_of_others_and_one_that_nobody_has_sound_the_same(self, site, anna):
        said = [self.refusal(anna, site.shelly, pod) for pod in (site.elsewhere.pods[1], "IT999E99999999")]
        assert all("non è un punto di misura delle tue comunità" in one for one in said)

    def test_a_pod_from_before_it_was_theirs(self, site, anna):
        """Its curves of that time are those of the community that had it, and so settled there."""
        pod = site.village.pods[1]
        MeteringPoint.objects.filter(pod_key=pod).update(valid_from=date(2026, 4, 2))
        belongs_to_others(site, pod, date(2025, 1, 1), date(2026, 4, 2))
        assert "delle tue comunità" in self.refusal(anna, site.shelly, pod)
        anna.post(address(site.shelly), asked(pod, "2026-04-02T00:00"))
        assert len(rows()) == 1

    def test_a_pod_that_others_will_have(self, site, anna):
        pod = site.village.pods[1]
        MeteringPoint.objects.filter(pod_key=pod).update(valid_to=date(2126, 1, 1))
        belongs_to_others(site, pod, date(2126, 1, 1))
        assert "delle tue comunità" in self.refusal(anna, site.shelly, pod)

    @pytest.mark.parametrize("component", ["", "em1:0", "em1:1"])
    def test_a_device_of_which_a_part_measures_for_others(self, site, anna, component):
        site.send(shelly_topic(site.village.pods[1], "em1data:1"), shelly_payload(5))
        measures(site.shelly, site.village.pods[1], component="em1:0")
        measures(site.shelly, site.elsewhere.pods[1], component="em1:1")
        said = self.refusal(anna, site.shelly, site.village.pods[2], component=component)
        assert "non appartiene alle tue comunità" in said
        assert site.elsewhere.pods[1] not in said

    def test_a_time_in_which_the_device_measured_for_others(self, site, anna):
        measures(site.shelly, site.elsewhere.pods[1], component="em1:1", ends_at=MAY)
        said = self.refusal(anna, site.shelly, site.village.pods[1], component="em1:0")
        assert "non appartiene alle tue comunità" in said
        anna.post(address(site.shelly), asked(site.village.pods[1], "2026-05-01T02:00"))
        assert len(rows()) == 2

    def test_the_future(self, site, anna, root):
        tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}"
        assert "nel futuro" in self.refusal(anna, site.shelly, site.village.pods[1], tomorrow)
        assert root.post(address(site.shelly), asked(site.village.pods[1], tomorrow)).status_code == 302

    def test_an_end_at_a_time_when_the_pod_was_of_others(self, site, anna):
        pod = site.village.pods[1]
        made = measures(site.shelly, pod)
        MeteringPoint.objects.filter(pod_key=pod).update(valid_from=date(2026, 5, 1))
        belongs_to_others(site, pod, date(2025, 1, 1), date(2026, 5, 1))
        answer = anna.post(address(site.shelly, f"end/{made.pk}/"), {"ends_at": "2026-04-01T02:00"}, follow=True)
        assert "delle tue comunità" in words(answer)
        anna.post(address(site.shelly, f"end/{made.pk}/"), {"ends_at": "2026-05-01T02:00"})
        assert rows() == [("quadro", pod, "", MARCH, MAY)]
