"""The check before a file is kept: whatever the two official schemas or the batch would refuse, it refuses."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.documents.transfers import Payment, TransferBatch
from reports.errors import BatchRefused
from reports.sepa import CbiVersion, render_cbi, render_pain001
from reports.sepa_check import check_file
from tests.reports.test_sepa import BATCH, RENDERERS, checked, italian_iban

WITHOUT_OPTIONS = replace(BATCH, debtor_bic="", payments=(BATCH.payments[0],))


@pytest.mark.parametrize("render", RENDERERS)
@pytest.mark.parametrize("batch", [BATCH, WITHOUT_OPTIONS])
def test_what_we_write_passes(render, batch):
    check_file(render(batch), batch)


def test_pain_001_may_do_without_a_cuc():
    plain = replace(WITHOUT_OPTIONS, cuc="")
    check_file(render_pain001(plain), plain)


@given(st.lists(st.integers(1, 10**11 - 1), min_size=1, max_size=20))
def test_every_batch_that_is_written_passes_and_no_other_amounts_do(cents):
    payments = tuple(Payment(f"R{number}", "Socio", italian_iban(5428, number), value, "x") for number, value in enumerate(cents))
    batch: TransferBatch = replace(BATCH, payments=payments)
    content = render_cbi(batch)
    check_file(content, batch)
    other = replace(batch, payments=(replace(payments[0], cents=payments[0].cents + 1), *payments[1:]))
    with pytest.raises(BatchRefused, match="does not pay"):
        check_file(content, other)


DAMAGES = {
    "an element twice": (rb"(<ChrgBr>.*?</ChrgBr>)", rb"\1\1"),
    "an element missing": (rb"<ChrgBr>.*?</ChrgBr>", b""),
    "another order": (rb"(<PmtInfId>.*?</PmtInfId>)(\s*)(<PmtMtd>.*?</PmtMtd>)", rb"\3\2\1"),
    "an unknown element": (rb"<ChrgBr>", b"<Foo/><ChrgBr>"),
    "another currency": (rb'Ccy="EUR"', b'Ccy="USD"'),
    "an attribute": (rb"<PmtMtd>", b'<PmtMtd a="b">'),
    "a name with an accent": (rb"Lucia", "Lucìa".encode()),
    "a name that is empty": (rb"<Nm>Lucia Ferrero</Nm>", b"<Nm></Nm>"),
    "an amount without cents": (rb">12\.34<", b">12<"),
    "an IBAN with blanks": (rb"<IBAN>IT60", b"<IBAN>IT60 "),
    "another payment method": (rb">TRF<", b">CHK<"),
    "text between elements": (rb"<PmtInf>", b"<PmtInf>x"),
    "another namespace": (rb'xmlns="[^"]*"', b'xmlns="urn:x"'),
    "cut short": (rb"</PmtInf>", b""),
}
SUMS = {
    "another control sum": (rb"<CtrlSum>100012\.39", b"<CtrlSum>100012.40"),
    "another number": (rb"<NbOfTxs>2<", b"<NbOfTxs>3<"),
    "another amount": (rb">12\.34<", b">12.35<"),
    "another account": (rb"(?s)(.*)IT60X0542811101000000123456", rb"\1FR1420041010050500013M02606"),
    "another reference": (rb"M00012<", b"M00014<"),
    "a transfer twice": (rb"(?s)(<CdtTrfTxInf>.*?</CdtTrfTxInf>)", rb"\1\1"),
}


@pytest.mark.parametrize("render", RENDERERS)
@pytest.mark.parametrize("damage", [*DAMAGES, *SUMS])
def test_a_damaged_file_is_refused(render, damage):
    pattern, instead = (DAMAGES | SUMS)[damage]
    content = render(BATCH)
    broken = re.sub(pattern, instead, content, count=1)
    assert broken != content
    with pytest.raises(BatchRefused):
        check_file(broken, BATCH)


@pytest.mark.parametrize("damage", ["another order", "an unknown element", "an element missing", "another namespace"])
def test_the_official_structure_refuses_the_same(damage):
    pattern, instead = DAMAGES[damage]
    for render in (render_pain001, lambda batch: render_cbi(batch, CbiVersion.V00_04_01)):
        broken = re.sub(pattern, instead, render(BATCH), count=1)
        if damage == "an element missing" and b"pain.001" in broken:
            continue  # ISO lets a bank choose who bears the charges
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the schema's library says
            checked(broken)
