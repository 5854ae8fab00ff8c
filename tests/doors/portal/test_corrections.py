"""A corrected month in the portal: the run and its correction stand beside each other and add up."""

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.communities.models import Member
from apps.portal.months import get_year
from apps.settlement.models import ZonalPrice
from tests.apps.settlement.corrected import approve, correct, settle
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
