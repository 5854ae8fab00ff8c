"""Approving: two people, what was on the screen, every note seen."""

import pytest

from apps.metering.models import DayCurve
from apps.settlement.models import SettlementRun, ZonalPrice
from tests.doors.backoffice.addresses import at
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import open_run

pytestmark = pytest.mark.django_db


def seen(run, **more):
    return {"seen_sha256": run.result_sha256} | more


def test_another_administrator_approves_and_documents_are_ordered(
    settled, village, bruno, enqueued, django_capture_on_commit_callbacks
):
    page = bruno.get(at(settled)).content.decode()
    assert f'name="seen_sha256" value="{settled.result_sha256}"' in page
    with django_capture_on_commit_callbacks(execute=True):
        answer = bruno.post(at(settled, "approve/"), seen(settled))
    assert (answer.status_code, answer["Location"]) == (302, at(settled, "documents/"))
    settled.refresh_from_db()
    assert (settled.state, settled.approved_by, settled.approved_sha256) == ("approved", village.bruno, settled.result_sha256)
    assert enqueued == [("invoicing.issue_documents", (settled.pk,))]


def test_who_computed_sees_no_button_and_is_told_why(settled, anna):
    page = anna.get(at(settled))
    assert "seen_sha256" not in page.content.decode()
    assert "deve approvarlo un’altra persona" in words(page)


def test_who_computed_is_refused_even_by_hand(settled, anna, enqueued):
    answer = anna.post(at(settled, "approve/"), seen(settled))
    assert answer.status_code == 409
    assert "Chi ha avviato il calcolo non può approvarlo" in words(answer)
    settled.refresh_from_db()
    assert settled.state == "computed"
    assert enqueued == []


def test_another_result_than_the_one_on_the_screen_is_refused(settled, bruno, enqueued):
    for sha256 in ("", "0" * 64, settled.result_sha256[:-1]):
        answer = bruno.post(at(settled, "approve/"), {"seen_sha256": sha256})
        assert answer.status_code == 409
        assert "Il risultato è cambiato mentre lo guardavi" in words(answer)
    settled.refresh_from_db()
    assert settled.state == "computed"
    assert enqueued == []


def test_a_later_version_is_in_the_way(settled, village, bruno):
    settle(open_run(village, version=2))
    answer = bruno.post(at(settled, "approve/"), seen(settled))
    assert answer.status_code == 409
    assert "Il risultato è cambiato mentre lo guardavi" in words(answer)


def test_approving_twice_is_refused_and_orders_nothing_twice(settled, bruno, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        bruno.post(at(settled, "approve/"), seen(settled))
        assert bruno.post(at(settled, "approve/"), seen(settled)).status_code == 409
    assert len(enqueued) == 1


def test_an_accountant_may_look_but_not_approve(settled, village, as_user):
    carla = as_user(village.carla)
    assert "In attesa che un amministratore della comunità la approvi." in words(carla.get(at(settled)))
    assert carla.post(at(settled, "approve/"), seen(settled)).status_code == 403
    settled.refresh_from_db()
    assert settled.state == "computed"


def test_a_superuser_may_approve(settled, village, as_user, enqueued):
    village.carla.is_superuser = True
    village.carla.save()
    assert as_user(village.carla).post(at(settled, "approve/"), seen(settled)).status_code == 302


def test_a_role_that_ended_ends_at_once(settled, village, bruno):
    village.bruno.roles.all().delete()
    assert bruno.get(at(settled)).status_code == 404
    assert bruno.post(at(settled, "approve/"), seen(settled)).status_code == 404
    settled.refresh_from_db()
    assert settled.state == "computed"


def test_what_was_beyond_the_bounds_is_shown_to_who_approves(settled, bruno):
    notes = [
        {"what": "negative", "member": "M1", "cents": -123},
        {"what": "change", "member": "M2", "cents": 5000, "before_cents": 600},
    ]
    SettlementRun.objects.filter(pk=settled.pk).update(facts=settled.facts | {"attention": notes})
    page = words(bruno.get(at(settled)))
    assert "M1 Socio 1 ha un totale negativo: −1,23\xa0€." in page.replace(" €", "\xa0€")
    assert "M2 Socio 2 passa da 6,00\xa0€ del mese precedente a 50,00\xa0€." in page.replace(" €", "\xa0€")
    assert "sbloccata da una persona" in page


def test_posted_fields_that_are_nobodys_business_are_ignored(settled, village, bruno, enqueued):
    extra = {
        "state": "paid",
        "cents": "999",
        "is_staff": "on",
        "is_superuser": "on",
        "approved_by": str(village.anna.pk),
        "note": "x",
    }
    bruno.post(at(settled, "approve/"), seen(settled, **extra))
    settled.refresh_from_db()
    village.bruno.refresh_from_db()
    assert (settled.state, settled.approved_by, settled.note) == ("approved", village.bruno, "")
    assert not village.bruno.is_superuser


def test_without_the_token_of_the_form_nothing_is_approved(settled, village):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(village.bruno, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post(at(settled, "approve/"), seen(settled)).status_code == 403
    settled.refresh_from_db()
    assert settled.state == "computed"


def test_measures_that_changed_since_the_computation_must_be_computed_again(settled, village, bruno, anna, enqueued):
    DayCurve.objects.filter(pod_key=village.pods[1], day="2023-02-11").delete()
    answer = bruno.post(at(settled, "approve/"), seen(settled))
    assert answer.status_code == 409
    assert "Dopo il calcolo sono cambiati: misure." in words(answer)
    settled.refresh_from_db()
    assert (settled.state, enqueued) == ("computed", [])
    again = settle(open_run(village, version=2))
    assert bruno.post(at(again, "approve/"), seen(again)).status_code == 302


def test_a_price_that_is_gone_since_the_computation_stops_the_approval(settled, bruno, enqueued):
    ZonalPrice.objects.all().delete()
    answer = bruno.post(at(settled, "approve/"), seen(settled))
    assert answer.status_code == 409
    assert "Con i dati di oggi il mese non si può più regolare" in words(answer)
    settled.refresh_from_db()
    assert (settled.state, enqueued) == ("computed", [])
