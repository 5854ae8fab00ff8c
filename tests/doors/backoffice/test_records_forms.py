"""The forms of the records hold to the same laws as the import, and say in Italian what is wrong."""

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from apps.accounts.models import User
from apps.communities.models import Community, Configuration, DistributionRule, Member, Membership, MeteringPoint, Plant
from apps.settlement.models import RuleParameter, SettlementRun
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.test_access import fingerprint
from tests.doors.backoffice.village import AS_OF, PASSWORD, Village, make_village

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
ADMIN = "/ceradmin/communities/"


@pytest.fixture
def village(db: None) -> Village:
    return make_village()


@pytest.fixture
def anna(village: Village, as_user: AsUser) -> Client:
    return as_user(village.anna)


def refused(client: Client, address: str, sent: dict[str, Any]) -> str:
    """What the page says; asserts that nothing was written."""
    before = fingerprint()
    answer = client.post(address, sent)
    assert answer.status_code == 200, answer.get("Location")
    assert fingerprint() == before
    return words(answer)


def member_form(member: Member, **more: Any) -> dict[str, Any]:
    period = member.periods.get()
    return {
        "name": member.name,
        "kind": member.kind,
        "periods-TOTAL_FORMS": 1,
        "periods-INITIAL_FORMS": 1,
        "periods-0-id": period.pk,
        "periods-0-member": member.pk,
        "periods-0-joined_on": "01/01/2023",
    } | more


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"tax_code": "RSSNNA80A41A124D"}, "is not a tax code"),
        ({"iban": "IT61X0542811101000000123456"}, "is not an IBAN"),
        ({"email": "x"}, "indirizzo email valido"),
        ({"periods-0-left_on": "01/12/2022"}, "L’uscita deve essere successiva all’entrata."),
        (
            {"periods-TOTAL_FORMS": 2, "periods-1-joined_on": "01/06/2023", "periods-1-left_on": ""},
            "I periodi di adesione dello stesso socio non possono sovrapporsi.",
        ),
    ],
)
def test_a_wrong_member_is_refused(village: Village, anna: Client, sent: dict[str, Any], sentence: str) -> None:
    member = Member.objects.get(code="M1")
    page = refused(anna, f"{ADMIN}member/{member.pk}/change/", member_form(member, **sent))
    assert sentence in page or _italian(sentence) in page


def _italian(sentence: str) -> str:
    """The sentence once the catalogue is compiled; until then the English one is shown."""
    return {"is not a tax code": "non è un codice fiscale", "is not an IBAN": "non è un IBAN"}.get(sentence, sentence)


def test_a_member_is_written_with_normal_codes_and_a_second_period(village: Village, anna: Client) -> None:
    member = Member.objects.get(code="M1")
    sent = member_form(
        member,
        iban="it60 x054 2811 1010 0000 0123 456",
        tax_code="rssnna80a41a124c",
        **{"periods-TOTAL_FORMS": 2, "periods-0-left_on": "01/03/2023", "periods-1-joined_on": "01/06/2023"},
    )
    assert anna.post(f"{ADMIN}member/{member.pk}/change/", sent).status_code == 302
    member.refresh_from_db()
    assert (member.iban, member.tax_code) == ("IT60X0542811101000000123456", "RSSNNA80A41A124C")
    assert member.periods.count() == 2


@pytest.mark.parametrize("boundary", ["01/03/2023", "01/07/2023"])
def test_the_boundary_between_two_periods_moves_either_way(village: Village, anna: Client, boundary: str) -> None:
    member = Member.objects.get(code="M1")
    first = member.periods.get()
    Membership.objects.filter(pk=first.pk).update(left_on=date(2023, 5, 1))
    second = Membership.objects.create(member=member, joined_on=date(2023, 5, 1))
    sent = {
        "name": member.name,
        "kind": member.kind,
        "periods-TOTAL_FORMS": 2,
        "periods-INITIAL_FORMS": 2,
        "periods-0-id": first.pk,
        "periods-0-joined_on": "01/01/2023",
        "periods-0-left_on": boundary,
        "periods-1-id": second.pk,
        "periods-1-joined_on": boundary,
    }
    assert anna.post(f"{ADMIN}member/{member.pk}/change/", sent).status_code == 302
    assert [f"{period.joined_on:%d/%m/%Y}" for period in member.periods.order_by("joined_on")] == ["01/01/2023", boundary]


def point_form(village: Village, **more: Any) -> dict[str, Any]:
    member = Member.objects.get(code="M2")
    return {
        "pod": "IT001E88888888",
        "configuration": village.configuration.pk,
        "member": member.pk,
        "voltage": "BT",
        "valid_from": "01/03/2023",
    } | more


@pytest.mark.parametrize(
    ("sent", "sentences"),
    [
        ({"pod": "IT001X88888888"}, ("is not a POD", "non è un POD")),
        ({"valid_to": "01/03/2023"}, ("La fine della validità deve essere successiva all’inizio.",)),
        ({"pod": "IT001E00010000"}, ("un POD può avere un solo titolare",)),
        ({"pod": "it001e00010000z"}, ("un POD può avere un solo titolare",)),
        ({"storage_efficiency": "1.5"}, ("inferiore o uguale a 1", "minore o uguale a 1")),
    ],
)
def test_a_wrong_point_is_refused(village: Village, anna: Client, sent: dict[str, Any], sentences: tuple[str, ...]) -> None:
    page = refused(anna, f"{ADMIN}meteringpoint/add/", point_form(village, **sent))
    assert any(sentence in page for sentence in sentences), page


def test_a_point_is_written_with_its_key(village: Village, anna: Client) -> None:
    assert anna.post(f"{ADMIN}meteringpoint/add/", point_form(village, pod="it001e88888888q")).status_code == 302
    assert MeteringPoint.objects.get(pod="IT001E88888888Q").pod_key == "IT001E88888888"


def plant_form(plant: Plant, **more: Any) -> dict[str, Any]:
    return {
        "pod_key": plant.pod_key,
        "source": plant.source,
        "power_kw": "99.9",
        "region": "Lombardia",
        "market_zone": "NORD",
        "entered_operation_on": "01/03/2022",
        "grant_intensity": "0",
        "obligation_power_kw": "0",
        "in_building": "on",
    } | more


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"pod_key": "IT001E99999999"}, "Questo POD non è un punto di misura della comunità."),
        ({"power_kw": "0"}, "La potenza deve essere maggiore di zero."),
        ({"grant_intensity": "40"}, ""),
        ({"grant_intensity": "1.1"}, "L’intensità del contributo è una quota fra 0 e 1"),
        ({"obligation_power_kw": "100"}, "La potenza d’obbligo non può superare la potenza"),
        ({"region": "Lombardy"}, "Lombardy non è tra quelle disponibili"),
    ],
)
def test_a_wrong_plant_is_refused(village: Village, anna: Client, sent: dict[str, Any], sentence: str) -> None:
    plant = Plant.objects.get(code="P1")
    assert sentence in refused(anna, f"{ADMIN}plant/{plant.pk}/change/", plant_form(plant, **sent))


def test_a_plant_is_shown_without_zeros_that_read_as_thousands(village: Village, anna: Client) -> None:
    page = anna.get(f"{ADMIN}plant/{Plant.objects.get(code='P1').pk}/change/").content.decode()
    assert 'value="99.9"' in page
    assert "99.900" not in page


def picture(form: str, side: int = 40) -> bytes:
    held = io.BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(held, format=form)
    return held.getvalue()


def community_form(**more: Any) -> dict[str, Any]:
    return {"name": "CER del Villaggio 1", "tax_code": "12345678903", "contact_email": "", "tax_regime": "RF01"} | more


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_logo_is_kept_as_a_picture_drawn_again_and_can_be_removed(village: Village, anna: Client, form: str) -> None:
    address = f"{ADMIN}community/{village.configuration.community_id}/change/"
    content = picture(form) + b"<script>alert(1)</script>"
    upload = SimpleUploadedFile("logo", content)
    assert anna.post(address, community_form(new_logo=upload)).status_code == 302
    logo = bytes(Community.objects.get(code="CER-V").logo)
    assert logo.startswith(b"\x89PNG")
    assert b"script" not in logo
    assert "data:image/png;base64," in anna.get(address).content.decode()
    assert anna.post(address, community_form(remove_logo="on")).status_code == 302
    assert not Community.objects.get(code="CER-V").logo


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"GIF89a....", "Il file non è un’immagine PNG o JPEG leggibile."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Il file non è un’immagine PNG o JPEG leggibile."),
        (b"\x89PNG\r\n\x1a\nbroken", "Il file non è un’immagine PNG o JPEG leggibile."),
        (picture("PNG", 300), "Il logo è più grande di 200 KB."),
    ],
    ids=["gif", "svg", "broken", "large"],
)
def test_what_is_no_small_picture_is_refused(village: Village, anna: Client, content: bytes, sentence: str) -> None:
    address = f"{ADMIN}community/{village.configuration.community_id}/change/"
    assert sentence in refused(anna, address, community_form(new_logo=SimpleUploadedFile("logo.png", content)))


RULE = {
    "premium_deductions": "management 10",
    "premium_producers_percent": "50",
    "premium_producers_key": "injected",
    "premium_consumers_key": "coincident",
    "valorisation_deductions": "",
    "valorisation_producers_percent": "0",
    "valorisation_producers_key": "injected",
    "valorisation_consumers_key": "coincident",
    "excess_social_fund_percent": "50",
    "excess_consumers_key": "coincident",
}


def rule_form(configuration: Configuration, *changed: dict[str, str], starts_on: str = "01/02/2023") -> dict[str, Any]:
    """The page of a configuration with its one rule, and a second one when two are given."""
    rule = configuration.distribution_rules.get()
    sent: dict[str, Any] = {
        "kind": "cer",
        "primary_substation": "AC001E00001",
        "starts_on": starts_on,
        "distribution_rules-TOTAL_FORMS": len(changed),
        "distribution_rules-INITIAL_FORMS": 1,
        "distribution_rules-0-id": rule.pk,
    }
    for index, more in enumerate(changed):
        sent[f"distribution_rules-{index}-configuration"] = configuration.pk
        sent |= {f"distribution_rules-{index}-{name}": value for name, value in (RULE | more).items()}
    return sent


def rules() -> list[tuple[date, date | None, str]]:
    found = DistributionRule.objects.order_by("valid_from")
    return [(rule.valid_from, rule.valid_to, rule.table["premium"]["producers_percent"]) for rule in found]


FEBRUARY, APRIL = date(2023, 2, 1), date(2023, 4, 1)


def test_an_untouched_page_changes_nothing(village: Village, anna: Client) -> None:
    configuration = village.configuration
    before = DistributionRule.objects.get().table
    assert anna.post(f"{ADMIN}configuration/{configuration.pk}/change/", rule_form(configuration, {})).status_code == 302
    assert DistributionRule.objects.get().table == before


def test_a_rule_is_corrected_with_italian_numbers_and_fixed_shares(village: Village, anna: Client) -> None:
    configuration = village.configuration
    more = {"premium_producers_percent": "45,5", "premium_consumers_key": "fixed", "premium_fixed": "M2 0,25\nM3 0,75"}
    assert anna.post(f"{ADMIN}configuration/{configuration.pk}/change/", rule_form(configuration, more)).status_code == 302
    premium = DistributionRule.objects.get().table["premium"]
    assert premium["producers_percent"] == "45.5"
    assert premium["fixed"] == {"M2": "0.25", "M3": "0.75"}
    page = words(anna.get(f"{ADMIN}configuration/{configuration.pk}/change/"))
    assert "10 % al conto management; 45.5 % del resto ai produttori, per energia immessa" in page


def test_a_new_rule_ends_the_one_before(village: Village, anna: Client) -> None:
    configuration = village.configuration
    sent = rule_form(configuration, {}, {"valid_from": "01/04/2023", "premium_producers_percent": "40"})
    assert anna.post(f"{ADMIN}configuration/{configuration.pk}/change/", sent).status_code == 302
    assert rules() == [(FEBRUARY, APRIL, "50"), (APRIL, None, "40")]


@pytest.mark.parametrize(
    ("changed", "sentences"),
    [
        (({"premium_producers_percent": "101"},), ("from 0 to 100", "da 0 a 100")),
        (({"premium_deductions": "management 60\nfund 50"},), ("110 %",)),
        (({"premium_deductions": "management"},), ("must not be empty", "non può essere vuoto")),
        (({"premium_fixed": "M2 1"},), ("no key is 'fixed'", "nessuna chiave è «fixed»")),
        (({"premium_consumers_key": "fixed", "premium_fixed": "M2 0.9"},), ("0.9",)),
        (({"premium_consumers_key": "fixed", "premium_fixed": "M9 1"},), ("M9 non è un socio di questa comunità.",)),
        (({"excess_consumers_key": ""},), ("excess", "is not one of", "non è fra")),
        (({}, {"valid_from": "02/04/2023"}), ("neither the first day", "né il primo giorno")),
        (({}, {"valid_from": "01/02/2023"}), ("already valid from 2023-02-01", "già in vigore dal 2023-02-01")),
        (({}, {"valid_from": "01/01/2023"}), ("before the configuration starts", "prima che la configurazione cominci")),
    ],
)
def test_a_wrong_rule_is_refused(
    village: Village, anna: Client, changed: tuple[dict[str, str], ...], sentences: tuple[str, ...]
) -> None:
    configuration = village.configuration
    page = refused(anna, f"{ADMIN}configuration/{configuration.pk}/change/", rule_form(configuration, *changed))
    assert any(sentence in page for sentence in sentences), page


@pytest.fixture
def approved(village: Village) -> None:
    """February is settled and approved."""
    SettlementRun.objects.create(
        configuration=village.configuration,
        month=FEBRUARY,
        kind="provisional",
        version=1,
        state="approved",
        opened_at=AS_OF,
        succeeded_at=AS_OF,
        computed_by=village.anna,
        approved_by=village.bruno,
        approved_at=AS_OF,
        inputs_sha256="1" * 64,
        result_sha256="2" * 64,
        approved_sha256="2" * 64,
    )


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("changed", [({"premium_producers_percent": "45"},), ({}, {"valid_from": "01/02/2023"})])
def test_what_an_approved_run_used_stays(village: Village, anna: Client, changed: tuple[dict[str, str], ...]) -> None:
    configuration = village.configuration
    refused(anna, f"{ADMIN}configuration/{configuration.pk}/change/", rule_form(configuration, *changed))
    sent = rule_form(configuration, {}, {"valid_from": "01/03/2023", "premium_producers_percent": "40"})
    assert anna.post(f"{ADMIN}configuration/{configuration.pk}/change/", sent).status_code == 302, "March is still free"
    assert [percent for *_, percent in rules()] == ["50", "40"]


def test_the_first_rule_follows_a_corrected_start(village: Village, anna: Client) -> None:
    configuration = village.configuration
    sent = rule_form(configuration, {}, starts_on="15/01/2023")
    assert anna.post(f"{ADMIN}configuration/{configuration.pk}/change/", sent).status_code == 302
    configuration.refresh_from_db()
    assert configuration.starts_on == date(2023, 1, 15)
    assert [starts for starts, *_ in rules()] == [date(2023, 1, 15)]


def test_a_new_configuration_gets_its_rules_once_it_stands(village: Village, anna: Client) -> None:
    sent = {
        "community": village.configuration.community_id,
        "code": "CER-V-B",
        "kind": "cer",
        "primary_substation": "ac001e00002",
        "starts_on": "01/05/2023",
    }
    assert anna.post(f"{ADMIN}configuration/add/", sent | {"code": "a/b"}).status_code == 200
    assert anna.post(f"{ADMIN}configuration/add/", sent | {"_continue": "1"}).status_code == 302
    configuration = Configuration.objects.get(code="CER-V-B")
    assert configuration.primary_substation == "AC001E00002"
    first = {
        "kind": "cer",
        "primary_substation": "AC001E00002",
        "starts_on": "01/05/2023",
        "distribution_rules-TOTAL_FORMS": 1,
        "distribution_rules-INITIAL_FORMS": 0,
    }
    first |= {f"distribution_rules-0-{name}": value for name, value in (RULE | {"valid_from": "01/05/2023"}).items()}
    assert anna.post(f"{ADMIN}configuration/{configuration.pk}/change/", first).status_code == 302
    assert configuration.distribution_rules.get().valid_from == date(2023, 5, 1)


PARAMETER = "/ceradmin/settlement/ruleparameter/"


def test_a_superuser_records_a_value_of_the_law_in_its_right_form(as_user: AsUser, village: Village) -> None:
    client = as_user(User.objects.create_superuser("root@example.org", PASSWORD))
    sent = {"key": "trase_eur_per_mwh", "valid_from": "01/01/2025", "value": '"11.11"', "legal_source": "ARERA, TRASE 2025"}
    for value in ("11,11", '"x"', "{", "[1]"):
        assert "Valore" in refused(client, f"{PARAMETER}add/", sent | {"value": value})
    assert "già in vigore" in refused(client, f"{PARAMETER}add/", sent | {"valid_from": "01/06/2024"})
    assert client.post(f"{PARAMETER}add/", sent).status_code == 302
    assert RuleParameter.objects.get(key="trase_eur_per_mwh", valid_from="2025-01-01").value == "11.11"


def test_an_administrator_reads_the_values_of_the_law_and_changes_none(village: Village, anna: Client) -> None:
    row = RuleParameter.objects.get(key="grant_limit")
    before = fingerprint()
    assert "Regole operative GSE" in words(anna.get(PARAMETER))
    assert anna.post(f"{PARAMETER}{row.pk}/change/", {"value": '"1"'}).status_code == 403
    assert anna.post(f"{PARAMETER}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert fingerprint() == before
