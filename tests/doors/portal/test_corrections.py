"""A corrected month in the portal: the run and its correction stand beside each other and add up."""

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.communities.models import Member
from apps.portal.months import get_year
from apps.settlement import operations
from apps.settlement.issue_operations import issue_run
from apps.settlement.models import ZonalPrice
from apps.settlement.reversals import open_reversal
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import make_measures, make_prices, make_village, open_run

pytestmark = pytest.mark.django_db


def test_a_correction_is_a_row_of_its_own_with_the_difference(settings, tmp_path):
    """M2 got 5.60 €; at 170 instead of 150 €/MWh the month is worth 4.79 €, 0.81 € less. The energy stays 89.6 kWh."""
    settings.STATIC_ROOT = tmp_path
    village = make_village()
    make_prices()
    make_measures(village)
    approved = approve(settle(open_run(village)), village)
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    correction = approve(correct(approved, village), village)
    member = Member.objects.get(code="M2")
    member.user = User.objects.create_user("m2@example.org", "x")
    member.save()
    year = get_year(member_id=member.pk, year=2023)
    assert [(row.run.kind, row.result.total_cents, row.running_cents) for row in year.rows] == [
        ("correction", -81, 479),
        ("provisional", 560, 560),
    ]
    assert (year.total_cents, year.shared_wh) == (479, 89_600)
    client = Client()
    client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")
    page = words(client.get(f"/months/{correction.member_results.get(member=member).pk}/"))
    assert "Questa è una rettifica" in page
    assert "per tutto il mese ti spettano 4,03 €" in page.replace("\u00a0", " ")


def test_a_final_run_after_a_provisional_and_a_reversal_say_what_they_are(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    village = make_village()
    make_prices()
    make_measures(village)
    base = approve(settle(open_run(village)), village)
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    opened = {"configuration": village.configuration, "month": base.month, "opened_by": village.anna, "as_of": NOW}
    final = approve(settle(operations.open_run(kind="final", **opened)), village)
    for run in (base, final):
        issue_run(run_id=run.pk, issued_by=None, seen_sha256=run.result_sha256, as_of=NOW)
    member = Member.objects.get(code="M2")
    member.user = User.objects.create_user("m2@example.org", "x")
    member.save()
    client = Client()
    client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")
    page = words(client.get(f"/months/{final.member_results.get(member=member).pk}/"))
    assert "Il mese era già stato comunicato" in page
    assert "definitivo" in words(client.get(f"/members/{member.pk}/"))
    reversal = open_reversal(run_id=base.pk, opened_by=village.anna, reason="Cabina sbagliata", as_of=NOW)
    reversal = approve(settle(reversal), village)
    page = words(client.get(f"/months/{reversal.member_results.get(member=member).pk}/"))
    assert "La comunità ha annullato questo mese" in page
    page = words(client.get(f"/months/{base.member_results.get(member=member).pk}/"))
    assert "Questo mese è stato stornato" in page
