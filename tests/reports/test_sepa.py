"""The bank's file: valid against the schema, summing to the cent, the same every time, and refused rather than wrong."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
import sepaxml  # type: ignore[import-untyped]
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban as stdnum_iban

from reports.documents.transfers import Payment, TransferBatch
from reports.errors import AmountRefused, BatchRefused, IbanRefused, PaymentRefused, PaymentTextRefused, TextRefused
from reports.sepa import CbiVersion, render_cbi, render_pain001
from reports.sepa_text import ALLOWED, transliterate
from reports.xml_writer import element
from tests.reports.cbi_schema import cbi_schema

COMMUNITY = "IT60X0542811101000000123456"
LUCIA = Payment("CER-ALBA/2024-03/M00012", "Lucia Ferrero", "IT60X0542811101000000123456", 12_34, "Rendiconto marzo 2024")
JEAN = Payment(
    "CER-ALBA/2024-03/M00013", "Jean Dupont", "FR14 2004 1010 0505 0001 3M02 606", 100_000_05, "Rendiconto", bic="AGRIFRPP"
)
BATCH = TransferBatch(
    message_id="CER-ALBA-2024-03-1",
    created_at=datetime(2024, 4, 20, 9, 30, 15, tzinfo=UTC),
    execute_on=date(2024, 4, 30),
    debtor_name="Comunità Energetica Alba",
    debtor_iban=COMMUNITY,
    payments=(LUCIA, JEAN),
    debtor_bic="BPMOIT22XXX",
    cuc="0123ABCD",
)
RENDERERS = [
    render_pain001,
    render_cbi,
    lambda batch: render_cbi(batch, CbiVersion.V00_04_00),
]


@cache
def pain_schema():
    return xmlschema.XMLSchema(str(Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.03.xsd"))


def checked(xml: bytes) -> ET.Element:
    """The root of a file, once its schema agrees."""
    root = ET.fromstring(xml)
    namespace = root.tag[1:].split("}")[0]
    schema = pain_schema() if namespace.startswith("urn:iso") else cbi_schema(CbiVersion(namespace[-8:]))
    schema.validate(xml.decode())
    return root


def texts(root: ET.Element, name: str) -> list[str]:
    return [found.text or "" for found in root.iter() if found.tag.endswith("}" + name)]


@pytest.mark.parametrize("render", RENDERERS)
def test_the_file_says_what_the_batch_says(render):
    root = checked(render(BATCH))
    assert texts(root, "MsgId") == texts(root, "PmtInfId") == ["CER-ALBA-2024-03-1"]
    assert texts(root, "CreDtTm") == ["2024-04-20T09:30:15+00:00"]
    assert set(texts(root, "NbOfTxs")) == {"2"}
    assert set(texts(root, "CtrlSum")) == {"100012.39"}
    assert texts(root, "InstdAmt") == ["12.34", "100000.05"]
    assert texts(root, "IBAN") == [COMMUNITY, LUCIA.iban, "FR1420041010050500013M02606"]
    assert texts(root, "Nm") == ["Comunita Energetica Alba", "Comunita Energetica Alba", "Lucia Ferrero", "Jean Dupont"]
    assert texts(root, "EndToEndId") == ["CER-ALBA/2024-03/M00012", "CER-ALBA/2024-03/M00013"]
    assert texts(root, "Ustrd") == ["Rendiconto marzo 2024", "Rendiconto"]
    assert "0123ABCD" in texts(root, "Id")
    assert "SEPA" in texts(root, "Cd")


def test_cbi_knows_the_bank_by_the_abi_inside_the_iban_and_numbers_the_transfers():
    root = checked(render_cbi(BATCH))
    assert texts(root, "MmbId") == ["05428"]
    assert texts(root, "InstrId") == ["1", "2"]
    assert texts(root, "Issr") == ["CBI"]
    assert texts(root, "BICFI") == ["BPMOIT22XXX", "AGRIFRPP"]
    assert texts(root, "Dt") == ["2024-04-30"]
    old = checked(render_cbi(BATCH, CbiVersion.V00_04_00))
    assert texts(old, "BIC") == ["BPMOIT22XXX", "AGRIFRPP"]
    assert texts(old, "ReqdExctnDt") == ["2024-04-30"]


def test_a_batch_without_bic_and_cuc_is_a_valid_pain_001():
    root = checked(render_pain001(replace(BATCH, cuc="", debtor_bic="")))
    assert texts(root, "Id")[-3:].count("NOTPROVIDED") <= 1
    assert "NOTPROVIDED" in texts(root, "Id")
    assert texts(root, "Issr") == []


@pytest.mark.parametrize("render", RENDERERS)
def test_the_same_batch_makes_the_same_bytes(render):
    assert render(BATCH) == render(replace(BATCH))
    assert render(BATCH).startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<')


def test_the_time_zone_of_creation_is_kept():
    rome = timezone(timedelta(hours=2))
    root = checked(render_cbi(replace(BATCH, created_at=datetime(2024, 4, 20, 11, 30, 15, 999, tzinfo=rome))))
    assert texts(root, "CreDtTm") == ["2024-04-20T11:30:15+02:00"]


def payment(**changes):
    return replace(BATCH, payments=(replace(LUCIA, **changes),))


REFUSED = [
    (replace(BATCH, payments=()), BatchRefused, "no payments"),
    (replace(BATCH, created_at=BATCH.created_at.replace(tzinfo=None)), BatchRefused, "time zone"),
    (replace(BATCH, category="salary"), BatchRefused, "'salary'"),
    (replace(BATCH, cuc="12"), BatchRefused, "'12' is no CUC"),
    (replace(BATCH, debtor_iban="IT60X0542811101000000123457"), IbanRefused, "paying account"),
    (replace(BATCH, debtor_bic="NOPE"), IbanRefused, "'NOPE'"),
    (replace(BATCH, debtor_name=""), PaymentTextRefused, "name of the payer"),
    (replace(BATCH, message_id=""), PaymentTextRefused, "message id"),
    (replace(BATCH, message_id="/x"), PaymentTextRefused, "'/x'"),
    (replace(BATCH, message_id="x" * 36), PaymentTextRefused, "1 to 35"),
    (payment(cents=0), AmountRefused, "of 0 cents"),
    (payment(cents=-1), AmountRefused, "of -1 cents"),
    (payment(cents=999_999_999_99 + 1), AmountRefused, "divide it"),
    (payment(iban=""), IbanRefused, "CER-ALBA/2024-03/M00012"),
    (payment(iban="IT00X0542811101000000123456"), IbanRefused, "check digits"),
    (payment(bic="agrifrpp"), IbanRefused, "no BIC"),
    (payment(text="x" * 141), PaymentTextRefused, "141 characters"),
    (payment(text="x" * 5_000), PaymentTextRefused, "5000 characters"),
    (payment(text="€" * 47), PaymentTextRefused, "141 characters"),
    (payment(text="<>"), PaymentTextRefused, "no letter"),
    (payment(name="Лев Толстой"), PaymentTextRefused, "Latin letters"),
    (payment(name="\u202e\x00"), PaymentTextRefused, "name of payment"),
    (payment(end_to_end_id="a//b"), PaymentTextRefused, "'a//b'"),
    (payment(end_to_end_id="à"), PaymentTextRefused, "'à'"),
    (payment(end_to_end_id=" a"), PaymentTextRefused, "reference"),
    (replace(BATCH, payments=(LUCIA, JEAN, LUCIA)), PaymentTextRefused, "comes twice"),
]


@pytest.mark.parametrize(("batch", "error", "words"), REFUSED)
@pytest.mark.parametrize("render", RENDERERS)
def test_what_a_bank_would_send_back_is_refused_in_a_sentence(render, batch, error, words):
    with pytest.raises(error, match=re.escape(words)) as refused:
        render(batch)
    assert str(refused.value).endswith(".")
    assert isinstance(refused.value, PaymentRefused)
    assert "0542811101" not in str(refused.value), "account numbers are not for logs"


def test_cbi_wants_a_cuc_and_an_italian_account():
    with pytest.raises(BatchRefused, match="CUC"):
        render_cbi(replace(BATCH, cuc=""))
    french = replace(BATCH, debtor_iban=JEAN.iban)
    with pytest.raises(BatchRefused, match="not Italian"):
        render_cbi(french)
    assert texts(checked(render_pain001(french)), "IBAN")[0] == "FR1420041010050500013M02606"


@pytest.mark.parametrize(
    ("given_name", "written"),
    [
        ("Nicolò D'Ambrosio", "Nicolo D'Ambrosio"),
        ("Łukasz Żółć", "Lukasz Zolc"),
        ("Groß & Söhne", "Gross + Sohne"),
        ("Æsir Þór Ðið", "AEsir THor Did"),
        ("<script>alert(1)</script>", ".script.alert(1)./script."),
        ("\u202eOSSOR\u202c Mario\x00", "OSSOR Mario"),
        ("Anna\r\n\tBianchi  ", "Anna Bianchi"),
        ("D’Angelo – “Luce” n° 5", "D'Angelo - .Luce. n. 5"),
        ("ﬁnanza ½ ①", "finanza 1/2 1"),
        ("e\u0301lite", "elite"),
        ("x" * 5_000, "x" * 70),
        ("Prezzo 5 €", "Prezzo 5 EUR"),
    ],
)
def test_names_are_written_in_the_letters_of_banks(given_name, written):
    assert texts(checked(render_cbi(payment(name=given_name))), "Nm")[-1] == written


@given(st.text(max_size=300))
def test_whatever_a_text_is_it_is_readable_by_banks_or_refused(text):
    try:
        result = transliterate(text, "The text", 140)
    except PaymentTextRefused:
        return
    assert ALLOWED.fullmatch(result)
    assert 1 <= len(result) <= 140
    assert transliterate(result, "The text", 140) == result


def italian_iban(bank: int, account: int) -> str:
    rest = f"X{bank:05d}{11101:05d}{account:012d}"
    return "IT" + stdnum_iban.calc_check_digits(f"IT00{rest}") + rest


NAMES = st.one_of(
    st.text(st.characters(codec="latin-1"), min_size=1, max_size=80).map(lambda text: f"A{text}"),
    st.sampled_from(["<script>alert(1)</script>", "]]>&lt;", "\u202eAnna", "a\x00b", "y" * 5_000, "'\"--"]).map(
        lambda text: f"B {text}"
    ),
)
PAYMENTS = st.lists(
    st.tuples(NAMES, st.integers(1, 10**9), st.integers(0, 99_999), st.integers(0, 10**12 - 1)), min_size=1, max_size=12
)


@settings(max_examples=40, deadline=None)
@given(PAYMENTS)
def test_header_sums_and_counts_are_those_of_the_payments(rows):
    payments = tuple(
        Payment(f"P-{number}", name, italian_iban(bank, account), cents, f"Causale {number}")
        for number, (name, cents, bank, account) in enumerate(rows)
    )
    try:
        files = [render(replace(BATCH, payments=payments)) for render in RENDERERS]
    except PaymentTextRefused:
        return  # a letter that banks cannot read, refused with its sentence
    for xml in files:
        root = checked(xml)
        amounts = [int(Decimal(text) * 100) for text in texts(root, "InstdAmt")]
        assert amounts == [one.cents for one in payments]
        assert {int(Decimal(text) * 100) for text in texts(root, "CtrlSum")} == {sum(amounts)}
        assert {int(text) for text in texts(root, "NbOfTxs")} == {len(payments)}
        assert texts(root, "EndToEndId") == [one.end_to_end_id for one in payments]


def test_the_schemas_do_refuse():
    broken = render_cbi(BATCH).replace(b"<MmbId>05428</MmbId>", b"<MmbId>5428</MmbId>")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        checked(broken)
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        checked(render_pain001(BATCH).replace(b"<PmtMtd>TRF</PmtMtd>", b""))
    mixed = render_cbi(BATCH).replace(b"00.04.01", b"00.04.00")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        checked(mixed)


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\ud800", "\ufffe"])
def test_no_text_breaks_a_file(character):
    with pytest.raises(TextRefused, match=f"U\\+{ord(character):04X}"):
        element("Nm", f"a{character}b")
