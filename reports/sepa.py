"""A batch of credit transfers for the bank, in the two dialects that Italian banks take.

`render_pain001` writes ISO 20022 pain.001.001.03 as SEPA uses it. `render_cbi` writes the dialect of the Italian interbank
service CBI, in which the sender is known by its CUC and its bank by the ABI code inside the IBAN: version 00.04.01, the only
one in force since 17 March 2024 (circular CBI 4/2023), or 00.04.00, which some banks still convert. The two CBI versions differ
in how they write the day and the BIC. Nothing is read from the clock or drawn by lot: the same batch makes the same bytes, so
that a file that was lost can be written again and still be recognised by the bank as the same one.
"""

from enum import StrEnum

from reports.documents.transfers import Payment, TransferBatch
from reports.sepa_batch import check
from reports.xml_writer import Element, element, euro, to_bytes

PAIN_001 = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"


class CbiVersion(StrEnum):
    """The edition of CBI's "Disposizioni di pagamento XML"."""

    V00_04_00 = "00.04.00"
    V00_04_01 = "00.04.01"


def render_pain001(batch: TransferBatch) -> bytes:
    """The batch as pain.001.001.03. Errors: those of `sepa_batch.check`."""
    facts = check(batch)
    organisation = _organisation(batch.cuc) if batch.cuc else None
    initiator = element("InitgPty", element("Nm", facts.debtor_name), organisation)
    agent = element("BIC", batch.debtor_bic) if batch.debtor_bic else element("Othr", element("Id", "NOTPROVIDED"))
    information = element(
        "PmtInf",
        element("PmtInfId", batch.message_id),
        element("PmtMtd", "TRF"),
        element("BtchBookg", "true"),
        element("NbOfTxs", str(len(batch.payments))),
        element("CtrlSum", euro(batch.total_cents)),
        element("PmtTpInf", element("SvcLvl", element("Cd", "SEPA")), element("CtgyPurp", element("Cd", batch.category))),
        element("ReqdExctnDt", batch.execute_on.isoformat()),
        element("Dbtr", element("Nm", facts.debtor_name)),
        _account("DbtrAcct", facts.debtor_iban),
        element("DbtrAgt", element("FinInstnId", agent)),
        element("ChrgBr", "SLEV"),
    )
    for transfer in facts.transfers:
        information.append(
            element(
                "CdtTrfTxInf",
                element("PmtId", element("EndToEndId", transfer.payment.end_to_end_id)),
                _amount(transfer.payment),
                _agent("CdtrAgt", "BIC", transfer.payment.bic),
                element("Cdtr", element("Nm", transfer.name)),
                _account("CdtrAcct", transfer.iban),
                element("RmtInf", element("Ustrd", transfer.text)),
            )
        )
    initiation = element("CstmrCdtTrfInitn", _header(batch, initiator), information)
    return to_bytes(element("Document", initiation, xmlns=PAIN_001))


def render_cbi(batch: TransferBatch, version: CbiVersion = CbiVersion.V00_04_01) -> bytes:
    """The batch as CBIPaymentRequest. Errors: those of `sepa_batch.check`, which here also wants a CUC and an Italian account."""
    facts = check(batch, cbi=True)
    new = version is CbiVersion.V00_04_01
    bic, day = "BICFI" if new else "BIC", batch.execute_on.isoformat()
    initiator = element("InitgPty", element("Nm", facts.debtor_name), _organisation(batch.cuc))
    bank = element(
        "FinInstnId",
        element(bic, batch.debtor_bic) if batch.debtor_bic else None,
        element("ClrSysMmbId", element("MmbId", abi_of(facts.debtor_iban))),
    )
    information = element(
        "PmtInf",
        element("PmtInfId", batch.message_id),
        element("PmtMtd", "TRF"),
        element("BtchBookg", "true"),
        element("PmtTpInf", element("InstrPrty", "NORM"), element("SvcLvl", element("Cd", "SEPA"))),
        element("ReqdExctnDt", element("Dt", day)) if new else element("ReqdExctnDt", day),
        element("Dbtr", element("Nm", facts.debtor_name)),
        _account("DbtrAcct", facts.debtor_iban),
        element("DbtrAgt", bank),
        element("ChrgBr", "SLEV"),
    )
    for number, transfer in enumerate(facts.transfers, start=1):
        information.append(
            element(
                "CdtTrfTxInf",
                element("PmtId", element("InstrId", str(number)), element("EndToEndId", transfer.payment.end_to_end_id)),
                element("PmtTpInf", element("CtgyPurp", element("Cd", batch.category))),
                _amount(transfer.payment),
                _agent("CdtrAgt", bic, transfer.payment.bic),
                element("Cdtr", element("Nm", transfer.name)),
                _account("CdtrAcct", transfer.iban),
                element("RmtInf", element("Ustrd", transfer.text)),
            )
        )
    namespace = f"urn:CBI:xsd:CBIPaymentRequest.{version}"
    return to_bytes(element("CBIPaymentRequest", _header(batch, initiator), information, xmlns=namespace))


def abi_of(italian_iban: str) -> str:
    """The five digits of the bank inside an Italian IBAN: country, two check digits, CIN, then ABI."""
    return italian_iban[5:10]


def _header(batch: TransferBatch, initiator: Element) -> Element:
    return element(
        "GrpHdr",
        element("MsgId", batch.message_id),
        element("CreDtTm", batch.created_at.isoformat(timespec="seconds")),
        element("NbOfTxs", str(len(batch.payments))),
        element("CtrlSum", euro(batch.total_cents)),
        initiator,
    )


def _organisation(cuc: str) -> Element:
    return element("Id", element("OrgId", element("Othr", element("Id", cuc), element("Issr", "CBI"))))


def _account(name: str, iban: str) -> Element:
    return element(name, element("Id", element("IBAN", iban)))


def _amount(payment: Payment) -> Element:
    return element("Amt", element("InstdAmt", euro(payment.cents), Ccy="EUR"))


def _agent(name: str, tag: str, bic: str) -> Element | None:
    return element(name, element("FinInstnId", element(tag, bic))) if bic else None
