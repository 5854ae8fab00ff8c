"""GSE's list of members in the admin: who lacks what, refused while anything is missing, then the file."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.communities.models import Member, MeteringPoint
from apps.invoicing.accountancy.models import AccountingExport
from apps.settlement.archive import locate
from tasks.accountancy import make_export
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import Village

pytestmark = pytest.mark.django_db
PERSON = {"legal_type": "person", "subject_type": "Persona fisica", "first_name": "Lucia", "last_name": "Ferrero"}
BAKERY = {
    "legal_type": "organisation",
    "legal_form": "S.r.l.",
    "subject_type": "PMI",
    "business_name": "Forno S.r.l.",
    "tax_code": "00743110157",
    "vat_number": "00743110157",
    "ateco": "10.71.10",
}


@pytest.fixture
def carla(village: Village, as_user: Callable[[User], Client]) -> Client:
    return as_user(village.carla)


def at(village: Village) -> str:
    return f"/ceradmin/invoicing/accountingexport/{village.configuration.community_id}/gse-members/"


def fill(code: str, **facts: str) -> None:
    member = Member.objects.get(code=code)
    for name, value in facts.items():
        setattr(member, name, value)
    member.save()


def test_who_lacks_what_is_told_and_the_file_is_refused(village: Village, carla: Client, enqueued: Any) -> None:
    fill("M2", **PERSON, tax_code="RSSMRA80A01H501U")
    page = words(carla.get(at(village)))
    assert "A 2 punti manca qualcosa" in page
    assert "TipologiaGiuridica, TipologiaSoggetto, CodiceFiscale" in page
    asked = {"configuration": str(village.configuration.pk), "on": "2023-03-01"}
    assert carla.post(at(village), asked).status_code == 409
    assert not AccountingExport.objects.exists()
    assert enqueued == []


def test_a_complete_list_is_made_and_has_fourteen_columns(village: Village, carla: Client, enqueued: Any) -> None:
    fill("M1", **BAKERY)
    for code in ("M2", "M3"):
        fill(code, **PERSON, tax_code="RSSMRA80A01H501U")
    MeteringPoint.objects.filter(pod=village.pods[2]).update(valid_to=date(2023, 2, 20))
    page = carla.get(at(village), {"configuration": str(village.configuration.pk), "on": "2023-03-01"})
    assert "Non manca niente." in words(page)
    assert "2 punti di misura" in words(page)
    asked = {"configuration": str(village.configuration.pk), "on": "2023-03-01"}
    assert carla.post(at(village), asked).status_code == 302
    export = AccountingExport.objects.get()
    fill("M2", last_name="Changed since")
    make_export.apply(args=(export.pk,), throw=True)
    export.refresh_from_db()
    header, *rows = locate(export.path).read_text().splitlines()
    assert header.count(";") == 13
    assert rows == [
        f"{village.pods[0]};NO;PG;S.r.l.;PMI;;SI;NO;;;00743110157;00743110157;10.71.10;Forno S.r.l.",
        f"{village.pods[1]};NO;PF;;Persona fisica;;NO;NO;Lucia;Ferrero;RSSMRA80A01H501U;;;",
    ]
    assert "soci-gse-CER-V-A-2023-03-01.csv" in words(carla.get(at(village).replace("gse-members/", "")))


def test_what_is_kept_for_the_list_is_encrypted(village: Village, carla: Client, enqueued: Any) -> None:
    from django.db import connection

    fill("M1", **BAKERY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT vat_number FROM communities_member WHERE code = 'M1'")
        assert "00743110157" not in cursor.fetchone()[0]
    page = words(carla.get(f"/ceradmin/communities/member/{Member.objects.get(code='M1').pk}/change/"))
    assert "•••0157" in page
    assert "00743110157" not in page


def test_a_day_without_points_and_a_wrong_day_make_nothing(village: Village, carla: Client, enqueued: Any) -> None:
    shown = carla.get(at(village), {"configuration": str(village.configuration.pk), "on": "2020-01-01"})
    assert "Quel giorno non è valido nessun punto" in words(shown)
    for asked in ({"configuration": str(village.configuration.pk), "on": "2020-01-01"}, {"configuration": "x", "on": "y"}, {}):
        assert carla.post(at(village), asked).status_code == 409
    assert not AccountingExport.objects.exists()
