"""Records of another community do not exist: not in lists, filters, completions or choices, not by address, not by POST."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.communities.models import Community, Configuration, Member, MeteringPoint, Plant, Role
from apps.settlement.models import PriceImport, RuleParameter, ZonalPrice
from tests.doors.backoffice.test_access import fingerprint
from tests.doors.backoffice.village import PASSWORD, Village, make_village

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]

ADMIN = "/ceradmin/"
SCOPED = {
    "communities/community": Community,
    "communities/configuration": Configuration,
    "communities/member": Member,
    "communities/meteringpoint": MeteringPoint,
    "communities/plant": Plant,
}
TAX_CODE, IBAN = "RSSNNA80A41A124C", "IT60X0542811101000000123456"


@pytest.fixture
def two(db: None) -> tuple[Village, Village]:
    """Two whole villages; people of the one have nothing to do with the other."""
    first, second = make_village("CER-V", 1), make_village("CER-W", 2)
    for village in (first, second):
        Member.objects.filter(community=village.configuration.community).update(tax_code=TAX_CODE, iban=IBAN)
    return first, second


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@example.org", PASSWORD)


def of(village: Village, model: Any) -> Any:
    """A row of this village."""
    community = village.configuration.community
    if model is Community:
        return community
    path = "configuration__community" if model is MeteringPoint else "community"
    return model.objects.filter(**{path: community}).first()


def marks(village: Village) -> list[str]:
    """Words that only this village's rows hold."""
    return [village.configuration.code, village.configuration.community.name, *village.pods]


@pytest.mark.parametrize("name", SCOPED)
@pytest.mark.parametrize("role", ["anna", "carla"])
def test_a_list_holds_the_rows_of_ones_own_community_alone(
    two: tuple[Village, Village], as_user: AsUser, name: str, role: str
) -> None:
    mine, other = two
    page = as_user(getattr(mine, role)).get(f"{ADMIN}{name}/")
    assert page.status_code == 200
    text = page.content.decode()
    assert f"/{of(mine, SCOPED[name]).pk}/change/" in text
    assert f"/{of(other, SCOPED[name]).pk}/change/" not in text
    assert not [mark for mark in marks(other) if mark in text]


@pytest.mark.parametrize("name", SCOPED)
@pytest.mark.parametrize("tail", ["change/", "history/", "delete/", ""])
def test_a_foreign_row_does_not_exist_by_its_address(two: tuple[Village, Village], as_user: AsUser, name: str, tail: str) -> None:
    mine, other = two
    client = as_user(mine.anna)
    before = fingerprint()
    foreign, absent = of(other, SCOPED[name]).pk, 987654
    answers = [client.get(f"{ADMIN}{name}/{pk}/{tail}", follow=True) for pk in (foreign, absent)]
    answers += [client.post(f"{ADMIN}{name}/{pk}/{tail}", {"name": "x", "post": "yes"}, follow=True) for pk in (foreign, absent)]
    texts = [answer.content.decode().replace(str(foreign), "?").replace(str(absent), "?") for answer in answers]
    assert [answer.status_code for answer in answers[::2]] == [answer.status_code for answer in answers[1::2]]
    assert not [mark for mark in marks(other) for text in texts if mark in text]
    assert fingerprint() == before


@pytest.mark.parametrize(
    "query", ["member__iban__startswith=I", "community__members__name__startswith=S", "user__password__startswith=m"]
)
def test_a_list_cannot_be_asked_about_what_it_does_not_show(two: tuple[Village, Village], as_user: AsUser, query: str) -> None:
    answer = as_user(two[0].anna).get(f"{ADMIN}communities/member/?{query}")
    assert answer.status_code in (302, 400)


@pytest.mark.parametrize("name", ["configuration", "member", "plant", "meteringpoint"])
def test_filters_and_choices_offer_ones_own_community_alone(two: tuple[Village, Village], as_user: AsUser, name: str) -> None:
    mine, other = two
    Role.objects.create(user=mine.anna, community=Community.objects.get(code="CER-V-ALTRA"), kind=Role.Kind.ADMINISTRATOR)
    text = as_user(mine.anna).get(f"{ADMIN}communities/{name}/add/").content.decode()
    text += as_user(mine.anna).get(f"{ADMIN}communities/{name}/").content.decode()
    assert str(mine.configuration.community.name) in text or mine.configuration.code in text
    assert not [mark for mark in marks(other) if mark in text]


def complete(client: Client, field: str, term: str = "", model: str = "meteringpoint") -> Any:
    query = {"app_label": "communities", "model_name": model, "field_name": field, "term": term}
    return client.get(f"{ADMIN}autocomplete/", query)


def test_completions_offer_ones_own_members_alone(two: tuple[Village, Village], as_user: AsUser) -> None:
    mine, other = two
    found = {int(row["id"]) for row in complete(as_user(mine.anna), "member").json()["results"]}
    assert found == set(Member.objects.filter(community=mine.configuration.community).values_list("pk", flat=True))
    assert complete(as_user(mine.anna), "user", model="member").status_code == 403, "users are for superusers"
    assert complete(as_user(mine.anna), "community", model="role").status_code in (200, 403)
    assert other.configuration.community.name not in complete(as_user(mine.anna), "community", model="role").content.decode()


def point(village: Village, **more: Any) -> dict[str, Any]:
    member = of(village, Member)
    return {
        "pod": "IT001E77777777",
        "configuration": village.configuration.pk,
        "member": member.pk,
        "voltage": "BT",
        "valid_from": "01/03/2023",
    } | more


@pytest.mark.parametrize("field", ["configuration", "member", "both"])
def test_a_foreign_choice_is_refused_whatever_the_form_sends(two: tuple[Village, Village], as_user: AsUser, field: str) -> None:
    mine, other = two
    foreign = {"configuration": other.configuration.pk, "member": of(other, Member).pk}
    sent = point(mine, **(foreign if field == "both" else {field: foreign[field]}))
    client = as_user(mine.anna)
    before = fingerprint()
    answer = client.post(f"{ADMIN}communities/meteringpoint/add/", sent)
    assert answer.status_code == 200
    assert not [mark for mark in marks(other) if mark in answer.content.decode()]
    assert fingerprint() == before
    assert client.post(f"{ADMIN}communities/meteringpoint/add/", point(mine)).status_code == 302, "negative control"


def test_members_of_two_of_ones_own_communities_are_not_mixed(two: tuple[Village, Village], as_user: AsUser) -> None:
    mine, other = two
    Role.objects.create(user=mine.anna, community=other.configuration.community, kind=Role.Kind.ADMINISTRATOR)
    answer = as_user(mine.anna).post(f"{ADMIN}communities/meteringpoint/add/", point(mine, member=of(other, Member).pk))
    assert "Il socio non appartiene alla comunità" in answer.content.decode()


@pytest.mark.parametrize("name", SCOPED)
def test_an_accountant_reads_and_changes_nothing(two: tuple[Village, Village], as_user: AsUser, name: str) -> None:
    mine, _ = two
    client = as_user(mine.carla)
    row = of(mine, SCOPED[name])
    before = fingerprint()
    page = client.get(f"{ADMIN}{name}/{row.pk}/change/")
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    answers = [
        client.post(f"{ADMIN}{name}/{row.pk}/change/", {"name": "x"}),
        client.post(f"{ADMIN}{name}/add/", {"name": "x"}),
        client.get(f"{ADMIN}{name}/add/"),
        client.post(f"{ADMIN}{name}/{row.pk}/delete/", {"post": "yes"}),
        client.get(f"{ADMIN}communities/community/import/"),
        client.get(f"{ADMIN}settlement/zonalprice/import/"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert fingerprint() == before


@pytest.mark.parametrize("name", SCOPED)
def test_an_administrator_deletes_nothing(two: tuple[Village, Village], as_user: AsUser, name: str) -> None:
    mine, _ = two
    client = as_user(mine.anna)
    before = fingerprint()
    answer = client.post(f"{ADMIN}{name}/{of(mine, SCOPED[name]).pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert fingerprint() == before


def test_an_accountant_here_who_administers_elsewhere_changes_only_there(two: tuple[Village, Village], as_user: AsUser) -> None:
    mine, other = two
    Role.objects.create(user=mine.carla, community=other.configuration.community, kind=Role.Kind.ADMINISTRATOR)
    client = as_user(mine.carla)
    for village, status in ((mine, 403), (other, 200)):
        answer = client.post(f"{ADMIN}communities/plant/{of(village, Plant).pk}/change/", {"power_kw": ""})
        assert answer.status_code == status
    assert client.post(f"{ADMIN}communities/meteringpoint/add/", point(mine)).status_code == 200, "no such choice"
    assert not MeteringPoint.objects.filter(pod="IT001E77777777").exists()


def test_a_role_that_ended_ends_everything(two: tuple[Village, Village], as_user: AsUser) -> None:
    mine, _ = two
    client = as_user(mine.anna)
    address = f"{ADMIN}communities/member/{of(mine, Member).pk}/change/"
    assert client.get(address).status_code == 200
    Role.objects.filter(user=mine.anna).delete()
    assert client.get(address).status_code in (302, 403)
    assert client.get(f"{ADMIN}communities/member/").status_code == 403


ONLY_SUPERUSERS = (
    "accounts/user/",
    "accounts/user/add/",
    "communities/role/",
    "communities/role/add/",
    "communities/community/add/",
    "settlement/ruleparameter/add/",
    "settlement/zonalprice/add/",
    "settlement/priceimport/add/",
)


@pytest.mark.parametrize("address", ONLY_SUPERUSERS)
@pytest.mark.parametrize("role", ["anna", "carla"])
def test_what_is_for_superusers_is_closed_to_others(
    two: tuple[Village, Village], as_user: AsUser, address: str, role: str
) -> None:
    client = as_user(getattr(two[0], role))
    assert client.get(ADMIN + address).status_code == 403
    assert client.post(ADMIN + address, {"email": "x@example.org"}).status_code == 403


def test_nobody_raises_their_own_rights(two: tuple[Village, Village], as_user: AsUser) -> None:
    mine, other = two
    client = as_user(mine.anna)
    before = fingerprint()
    client.post(f"{ADMIN}accounts/user/{mine.anna.pk}/change/", {"is_superuser": "on", "email": mine.anna.email})
    client.post(
        f"{ADMIN}communities/role/add/",
        {"user": mine.anna.pk, "community": other.configuration.community.pk, "kind": "administrator"},
    )
    assert fingerprint() == before


def test_a_member_cannot_be_given_somebody_elses_log_in(two: tuple[Village, Village], as_user: AsUser) -> None:
    """Whoever may set `user` could read another person's months: only superusers may."""
    mine, other = two
    member = of(mine, Member)
    sent = {"name": member.name, "kind": member.kind, "user": other.anna.pk, "periods-TOTAL_FORMS": 0, "periods-INITIAL_FORMS": 0}
    answer = as_user(mine.anna).post(f"{ADMIN}communities/member/{member.pk}/change/", sent)
    assert answer.status_code == 302
    member.refresh_from_db()
    assert member.user is None


def test_lists_and_readers_never_get_a_whole_tax_code_or_iban(two: tuple[Village, Village], as_user: AsUser) -> None:
    mine, _ = two
    member = of(mine, Member)
    pages = [
        as_user(mine.anna).get(f"{ADMIN}communities/member/"),
        as_user(mine.anna).get(f"{ADMIN}communities/member/?q=Socio"),
        as_user(mine.anna).get(f"{ADMIN}communities/community/"),
        as_user(mine.carla).get(f"{ADMIN}communities/member/{member.pk}/change/"),
        as_user(mine.carla).get(f"{ADMIN}communities/community/{member.community_id}/change/"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert TAX_CODE not in page.content.decode()
        assert IBAN not in page.content.decode()
    assert "•••124C" in pages[0].content.decode()
    assert TAX_CODE in as_user(mine.anna).get(f"{ADMIN}communities/member/{member.pk}/change/").content.decode()


def test_who_imported_prices_is_shown_to_colleagues_alone(two: tuple[Village, Village], as_user: AsUser, root: User) -> None:
    mine, other = two
    for person, name in ((mine.bruno, "mio.csv"), (other.anna, "altrui.csv"), (None, "comando.csv")):
        PriceImport.objects.create(
            file_name=name, file_sha256="0" * 64, format="csv", imported_by=person, imported_at=datetime(2026, 1, 1, tzinfo=UTC)
        )
    text = as_user(mine.anna).get(f"{ADMIN}settlement/priceimport/").content.decode()
    assert "mio.csv" in text
    assert "altrui.csv" not in text
    assert "altrui.csv" in as_user(root).get(f"{ADMIN}settlement/priceimport/").content.decode()


def test_staff_without_a_role_sees_no_record(two: tuple[Village, Village], as_user: AsUser) -> None:
    nobody = User.objects.create_user("nobody@example.org", PASSWORD, is_staff=True)
    client = as_user(nobody)
    for name in [*SCOPED, "settlement/zonalprice", "settlement/ruleparameter", "settlement/priceimport"]:
        assert client.get(f"{ADMIN}{name}/").status_code == 403
    assert client.get(f"{ADMIN}settlement/zonalprice/day/").status_code == 403


def test_who_is_not_staff_is_sent_to_the_log_in(two: tuple[Village, Village], as_user: AsUser) -> None:
    member = User.objects.create_user("member@example.org", PASSWORD)
    Role.objects.create(user=member, community=two[0].configuration.community, kind=Role.Kind.ADMINISTRATOR)
    for client in (Client(), as_user(member)):
        for address in ("communities/member/", "communities/community/import/", "settlement/zonalprice/import/"):
            answer = client.get(ADMIN + address)
            assert answer.status_code == 302
            assert answer["Location"].startswith("/ceradmin/login/")


def test_a_superuser_of_an_empty_installation_sees_every_door(root: User, as_user: AsUser) -> None:
    client = as_user(root)
    for name in [*SCOPED, "settlement/zonalprice", "settlement/ruleparameter", "accounts/user", "communities/role"]:
        assert client.get(f"{ADMIN}{name}/").status_code == 200
    assert client.get(f"{ADMIN}communities/community/add/").status_code == 200
    assert client.get(f"{ADMIN}communities/community/import/").status_code == 200


def test_looking_at_every_page_of_the_records_changes_nothing(two: tuple[Village, Village], as_user: AsUser, root: User) -> None:
    mine, _ = two
    ZonalPrice.objects.create(zone="NORD", starts_at=datetime(2023, 2, 1, tzinfo=UTC), price_eur_per_mwh=1)
    clients = [as_user(user) for user in (mine.anna, mine.carla, root)]
    before = fingerprint()
    for client in clients:
        for name, model in SCOPED.items():
            for tail in ("", "add/", f"{of(mine, model).pk}/change/", f"{of(mine, model).pk}/history/"):
                assert client.get(f"{ADMIN}{name}/{tail}").status_code in (200, 403)
        for address in ("zonalprice/", "zonalprice/day/?on=2023-02-01", "zonalprice/day/?on=x", "ruleparameter/"):
            assert client.get(f"{ADMIN}settlement/{address}").status_code == 200
        assert (
            client.get(f"{ADMIN}settlement/ruleparameter/{RuleParameter.objects.get(key='grant_limit').pk}/change/").status_code
            == 200
        )
    assert fingerprint() == before


def test_a_superuser_makes_a_person_and_gives_them_a_role(two: tuple[Village, Village], as_user: AsUser, root: User) -> None:
    client = as_user(root)
    sent = {
        "email": "Nuova@Example.org",
        "name": "Nuova",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    assert client.post(f"{ADMIN}accounts/user/add/", sent).status_code == 302
    user = User.objects.get(email__iexact="nuova@example.org")
    assert user.check_password(PASSWORD)
    role = {"user": user.pk, "community": two[0].configuration.community.pk, "kind": "accountant"}
    assert client.post(f"{ADMIN}communities/role/add/", role).status_code == 302
    again = client.post(f"{ADMIN}communities/role/add/", role)
    assert again.status_code == 200
    assert user.roles.count() == 1
