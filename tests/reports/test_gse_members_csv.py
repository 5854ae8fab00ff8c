"""GSE's list of members: the columns in order, complete rows, and a list of what is missing."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.documents.gse_members import GseMember, GseVocabulary, LegalType
from reports.errors import GseMembersIncomplete
from reports.gse_members_csv import COLUMNS, render

LUCIA = GseMember(
    member="M00012",
    pod="IT001E00000012",
    legal_type=LegalType.PERSON,
    subject_type="Persona fisica",
    tax_code="RSSMRA80A01H501U",
    first_name="Lucia",
    last_name="D'Angelo; Ferrero",
)
BAKERY = GseMember(
    member="M00002",
    pod="it001e00000002",
    legal_type=LegalType.ORGANISATION,
    subject_type="PMI",
    tax_code="00743110157",
    legal_form="S.r.l.",
    vat_number="00743110157",
    ateco="10.71.10",
    business_name='Forno "Alba" S.r.l.',
)
TOWN = GseMember(
    member="M00003",
    pod="IT001E00000003",
    legal_type=LegalType.ORGANISATION,
    subject_type="Amministrazione locale",
    tax_code="00184260040",
    legal_form="Ente pubblico",
    local_authority_type="Comune",
    business_name="Comune di Alba",
    is_local_authority=True,
    is_standalone_storage=True,
)


def table(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=";"))


def test_the_fourteen_columns_stand_in_the_order_of_gse():
    assert render([LUCIA]).decode().split("\r\n")[0] == (
        "CodicePod;Accumulostandalone;TipologiaGiuridica;FormaGiuridica;TipologiaSoggetto;SottotipologiaAmministrazioneLocaleISTAT;"
        "SoggettoDotatoDiPartitaIVA;StudioAssociato/SocietàDiProfessionisti;Nome;Cognome;CodiceFiscale;PartitaIVA;CodiceAteco;"
        "RagioneSociale/NomeDitta"
    )
    assert len(COLUMNS) == 14


def test_rows_are_sorted_by_pod_and_read_back_whole():
    rows = table(render([LUCIA, TOWN, BAKERY]))[1:]
    assert rows == [
        [
            "IT001E00000002",
            "NO",
            "PG",
            "S.r.l.",
            "PMI",
            "",
            "SI",
            "NO",
            "",
            "",
            *["00743110157"] * 2,
            "10.71.10",
            'Forno "Alba" S.r.l.',
        ],
        [
            *("IT001E00000003", "SI", "PG", "Ente pubblico", "Amministrazione locale", "Comune", "NO", "NO", "", ""),
            *("00184260040", "", "", "Comune di Alba"),
        ],
        [
            "IT001E00000012",
            "NO",
            "PF",
            "",
            "Persona fisica",
            "",
            "NO",
            "NO",
            "Lucia",
            "D'Angelo; Ferrero",
            LUCIA.tax_code,
            "",
            "",
            "",
        ],
    ]
    assert render([LUCIA, TOWN, BAKERY]) == render([BAKERY, LUCIA, TOWN])
    assert not render([LUCIA]).startswith(b"\xef\xbb\xbf")
    assert render([LUCIA]).endswith(b"\r\n")


def test_the_words_of_the_form_can_change():
    words = GseVocabulary(person="Fisica", organisation="Giuridica", yes="S", no="N")
    assert table(render([LUCIA], words))[1][:3] == ["IT001E00000012", "N", "Fisica"]


def test_a_person_in_business_needs_number_activity_and_name():
    trader = replace(LUCIA, vat_number="00743110157")
    with pytest.raises(GseMembersIncomplete) as refused:
        render([trader])
    assert refused.value.missing == (("M00012", "IT001E00000012", ("CodiceAteco", "RagioneSociale/NomeDitta")),)
    rows = table(render([replace(trader, ateco="47.1", business_name="Lucia Fiori", is_professional_partnership=True)]))
    assert rows[1][6:8] == ["SI", "SI"]


@pytest.mark.parametrize(
    ("member", "columns"),
    [
        (replace(LUCIA, pod="IT001X"), ("CodicePod",)),
        (replace(LUCIA, subject_type=" "), ("TipologiaSoggetto",)),
        (replace(LUCIA, first_name="", last_name="\u202e"), ("Nome", "Cognome")),
        (replace(LUCIA, tax_code="RSSMRA80A01H501X"), ("CodiceFiscale",)),
        (replace(LUCIA, tax_code="00743110157"), ("CodiceFiscale",)),
        (replace(LUCIA, tax_code="rssmra80a01h501u"), ("CodiceFiscale",)),
        (replace(LUCIA, last_name='=HYPERLINK("x")'), ("Cognome",)),
        (replace(LUCIA, last_name="x" * 5_000), ("Cognome",)),
        (replace(BAKERY, legal_form="", business_name=""), ("FormaGiuridica", "RagioneSociale/NomeDitta")),
        (replace(BAKERY, vat_number="1"), ("PartitaIVA",)),
        (replace(BAKERY, vat_number="IT00743110157"), ("PartitaIVA",)),
        (replace(BAKERY, ateco=""), ("CodiceAteco",)),
        (replace(BAKERY, ateco="bread"), ("CodiceAteco",)),
        (replace(TOWN, local_authority_type=""), ("SottotipologiaAmministrazioneLocaleISTAT",)),
    ],
)
def test_what_is_missing_is_listed_member_by_member(member, columns):
    with pytest.raises(GseMembersIncomplete, match=member.member) as refused:
        render([replace(TOWN, pod="IT001E00000099"), member])
    assert [(code, wants) for code, _, wants in refused.value.missing] == [(member.member, columns)]
    assert all(column in str(refused.value) for column in columns)


def test_many_incomplete_members_are_all_listed_and_twenty_are_shown():
    members = [replace(LUCIA, member=f"M{number:05d}", pod=f"IT001E{number:08d}", first_name="") for number in range(25)]
    with pytest.raises(GseMembersIncomplete, match="and 5 more") as refused:
        render(members)
    assert len(refused.value.missing) == 25


def test_nobody_and_the_same_point_twice_are_refused():
    with pytest.raises(GseMembersIncomplete, match="no members"):
        render([])
    with pytest.raises(GseMembersIncomplete, match="twice") as refused:
        render([LUCIA, BAKERY, replace(TOWN, pod="IT001E000000129")])
    assert [member for member, _, _ in refused.value.missing] == ["M00012", "M00003"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_the_names_the_file_has_fourteen_columns_or_is_refused(first, last):
    try:
        data = render([replace(LUCIA, first_name=first, last_name=last)])
    except GseMembersIncomplete:
        return
    rows = table(data)
    assert [len(row) for row in rows] == [14, 14]
    assert not rows[1][8].startswith(("=", "+", "-", "@", "\t", "\r"))
