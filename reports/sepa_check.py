"""A finished bank file, read again before anybody gets it: its structure, its letters, its sums.

The structure is our own, narrower than ISO's and CBI's schemas (whatever passes here passes there; the tests hold both against
each other): the order of the elements, which must be there, and what they may hold. Nothing needs to be installed or fetched.
"""

import re
import xml.etree.ElementTree as ET  # nosec B405
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from reports.documents.transfers import TransferBatch
from reports.errors import BatchRefused

_LATIN = r"[A-Za-z0-9/\-?:().,'+ ]"
_VALUES = {
    "ref": re.compile(_LATIN + "{1,35}"),
    "name": re.compile(_LATIN + "{1,70}"),
    "text": re.compile(_LATIN + "{1,140}"),
    "count": re.compile("[0-9]{1,15}"),
    "euro": re.compile(r"[0-9]{1,16}\.[0-9]{2}"),
    "day": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "instant": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})"),
    "bic": re.compile("[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?"),
    "iban": re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}"),
    "cuc": re.compile("[A-Z0-9]{8}"),
    "abi": re.compile("[0-9]{5}"),
    "purpose": re.compile("[A-Z]{4}"),
}
# One element a line, children indented: `?` may be missing, `+` comes once or more; then what it holds, or ="the fixed text".
_ISO = """
GrpHdr
 MsgId ref
 CreDtTm instant
 NbOfTxs count
 CtrlSum euro
 InitgPty
  Nm name
  Id?
   OrgId
    Othr
     Id cuc
     Issr =CBI
PmtInf
 PmtInfId ref
 PmtMtd =TRF
 BtchBookg =true
 NbOfTxs count
 CtrlSum euro
 PmtTpInf
  SvcLvl
   Cd =SEPA
  CtgyPurp
   Cd purpose
 ReqdExctnDt day
 Dbtr
  Nm name
 DbtrAcct
  Id
   IBAN iban
 DbtrAgt
  FinInstnId
   BIC? bic
   Othr?
    Id =NOTPROVIDED
 ChrgBr =SLEV
 CdtTrfTxInf+
  PmtId
   EndToEndId ref
  Amt
   InstdAmt euro
  CdtrAgt?
   FinInstnId
    BIC bic
  Cdtr
   Nm name
  CdtrAcct
   Id
    IBAN iban
  RmtInf
   Ustrd text
"""
_CBI = """
GrpHdr
 MsgId ref
 CreDtTm instant
 NbOfTxs count
 CtrlSum euro
 InitgPty
  Nm name
  Id
   OrgId
    Othr
     Id cuc
     Issr =CBI
PmtInf
 PmtInfId ref
 PmtMtd =TRF
 BtchBookg =true
 PmtTpInf
  InstrPrty =NORM
  SvcLvl
   Cd =SEPA
 {day}
 Dbtr
  Nm name
 DbtrAcct
  Id
   IBAN iban
 DbtrAgt
  FinInstnId
   {bic}? bic
   ClrSysMmbId
    MmbId abi
 ChrgBr =SLEV
 CdtTrfTxInf+
  PmtId
   InstrId ref
   EndToEndId ref
  PmtTpInf
   CtgyPurp
    Cd purpose
  Amt
   InstdAmt euro
  CdtrAgt?
   FinInstnId
    {bic} bic
  Cdtr
   Nm name
  CdtrAcct
   Id
    IBAN iban
  RmtInf
   Ustrd text
"""


@dataclass
class _Shape:
    """What one element must be."""

    name: str
    holds: str = ""
    optional: bool = False
    many: bool = False
    children: "list[_Shape]" = field(default_factory=list)


def _shape(table: str) -> _Shape:
    top = _Shape("")
    open_at = [top]
    for line in table.strip("\n").splitlines():
        depth = len(line) - len(line.lstrip())
        name, _, holds = line.strip().partition(" ")
        made = _Shape(name.rstrip("?+"), holds, optional=name.endswith("?"), many=name.endswith("+"))
        del open_at[depth + 1 :]
        open_at[-1].children.append(made)
        open_at.append(made)
    return top


_SHAPES = {
    "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03": ("Document", _shape(_ISO)),
    "urn:CBI:xsd:CBIPaymentRequest.00.04.00": ("CBIPaymentRequest", _shape(_CBI.format(day="ReqdExctnDt day", bic="BIC"))),
    "urn:CBI:xsd:CBIPaymentRequest.00.04.01": (
        "CBIPaymentRequest",
        _shape(_CBI.format(day="ReqdExctnDt\n  Dt day", bic="BICFI")),
    ),
}


def check_file(content: bytes, batch: TransferBatch) -> None:
    """Refuse a file that a bank could not read, or that does not pay exactly what the batch says. Errors: `BatchRefused`."""
    try:
        root = ET.fromstring(content)  # noqa: S314  # nosec B314: our own bytes
    except ET.ParseError as error:
        raise BatchRefused(f"The file for the bank is no XML ({error}). Report it: the file was not kept.") from None
    namespace, _, name = root.tag.lstrip("{").partition("}")
    expected, shape = _SHAPES.get(namespace, ("", _Shape("")))
    if name != expected or not expected:
        raise _refused(root.tag)
    body = list(root)
    if name == "Document":
        if [child.tag for child in body] != [f"{{{namespace}}}CstmrCdtTrfInitn"]:
            raise _refused("CstmrCdtTrfInitn")
        body = list(body[0])
    _check_children(body, shape, f"{{{namespace}}}", name)
    _check_sums(root, f"{{{namespace}}}", batch)


def _check_children(found: list[ET.Element], shape: _Shape, namespace: str, place: str) -> None:
    position = 0
    for wanted in shape.children:
        number = 0
        while position < len(found) and found[position].tag == namespace + wanted.name and (wanted.many or number == 0):
            _check_element(found[position], wanted, namespace, f"{place}/{wanted.name}")
            position, number = position + 1, number + 1
        if not number and not wanted.optional:
            raise _refused(f"{place}/{wanted.name}")
    if position != len(found):
        raise _refused(f"{place}/{found[position].tag}")


def _check_element(found: ET.Element, wanted: _Shape, namespace: str, place: str) -> None:
    text = found.text or ""
    if wanted.holds.startswith("="):
        fits = text == wanted.holds[1:]
    else:
        fits = bool(_VALUES[wanted.holds].fullmatch(text)) if wanted.holds else not text.strip()
    attributes = {"Ccy": "EUR"} if wanted.name == "InstdAmt" else {}
    if not fits or found.attrib != attributes:
        raise _refused(place)
    _check_children(list(found), wanted, namespace, place)


def _check_sums(root: ET.Element, namespace: str, batch: TransferBatch) -> None:
    """Each transfer of the batch stands in the file once, with its cents and its account, and the totals are theirs."""
    written = [
        (_text(one, f"{namespace}EndToEndId"), _text(one, f"{namespace}IBAN"), _cents(_text(one, f"{namespace}InstdAmt")))
        for one in root.iter(f"{namespace}CdtTrfTxInf")
    ]
    wanted = [(one.end_to_end_id, one.iban.replace(" ", "").upper(), one.cents) for one in batch.payments]
    sums = {_cents(one.text or "") for one in root.iter(f"{namespace}CtrlSum")}
    counts = {one.text for one in root.iter(f"{namespace}NbOfTxs")}
    if written != wanted or sums != {batch.total_cents} or counts != {str(len(wanted))}:
        raise BatchRefused("The file for the bank does not pay what the batch says. Report it: the file was not kept.")


def _text(found: ET.Element, tag: str) -> str:
    texts: Iterator[str] = (one.text or "" for one in found.iter(tag))
    return next(texts, "")


def _cents(text: str) -> int:
    return int(Decimal(text).scaleb(2))


def _refused(place: str) -> BatchRefused:
    return BatchRefused(f"The file for the bank is wrong at {place[-120:]}. Report it: the file was not kept.")
