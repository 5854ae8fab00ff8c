"""What GSE's list of members asks: optional keys of community.json, checked, kept when absent, emptied by null."""

import json

import pytest

from apps.communities.community_file.problems import FileRefused
from apps.communities.models import Community, Configuration, Member
from apps.communities.operations import import_community
from apps.invoicing.accountancy.gse_members import list_gse_members
from fixtures.demo.community import FIRST_DAY, LAST_DAY, build
from reports.gse_members_csv import find_missing, render
from tasks.accountancy import gse_members_from
from tests.apps.communities.samples import bring_in, make_document

pytestmark = pytest.mark.django_db
FACTS = {
    "legal_type": "organisation",
    "legal_form": "S.r.l.",
    "subject_type": "PMI",
    "local_authority_type": None,
    "is_professional_partnership": True,
    "first_name": None,
    "last_name": None,
    "vat_number": "IT 00743110157",
    "ateco": "10.71.10",
    "business_name": "Forno S.r.l.",
}


def test_the_keys_are_stored_and_kept_by_a_file_without_them() -> None:
    document = make_document()
    document["members"][0] |= FACTS
    bring_in(document)
    for again in (document, make_document()):
        assert not any(bring_in(again).updated.values())
        member = Member.objects.get(code="M1")
        assert (member.vat_number, member.ateco, member.is_professional_partnership) == ("00743110157", "10.71.10", True)
    document["members"][0]["vat_number"] = None
    bring_in(document)
    assert Member.objects.get(code="M1").vat_number == ""


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("legal_type", "company", "is not one of person, organisation"),
        ("vat_number", "00743110158", "•••0158' is not a VAT number"),
        ("ateco", "bread", "is not an ATECO code"),
        ("is_professional_partnership", "yes", "must be true or false"),
        ("first_name", "x" * 101, "at most 100 fit"),
        ("nome", "x", "this key is unknown"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(key: str, value: object, said: str) -> None:
    document = make_document()
    document["members"][1][key] = value
    with pytest.raises(FileRefused, match=said) as refused:
        bring_in(document)
    assert f"members[1].{key}" in str(refused.value)
    assert not Community.objects.exists()


def test_nobody_of_the_demo_lacks_anything() -> None:
    content = json.dumps(build(seed=2023).community_json()).encode()
    import_community(content=content, approved_months=lambda _configuration: [])
    for configuration in Configuration.objects.all():
        for day in (FIRST_DAY, LAST_DAY):
            rows = gse_members_from(list_gse_members(configuration=configuration, on=day))
            assert find_missing(rows) == []
            assert render(rows).count(b"\r\n") == len(rows) + 1
