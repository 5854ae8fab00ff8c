"""What a CBIPaymentRequest must look like, as far as this project writes one.

CBI gives its schemas to members; none comes with a package that could be pinned. This one is our own, written from the public
description: the order of the elements, which of them must be there, their lengths and patterns. It is narrower than CBI's
(whatever it lets through, that does too), and tells the two editions apart: 00.04.01 writes the day in `Dt` and the BIC as
`BICFI`.
"""

from functools import cache

import xmlschema

from reports.sepa import CbiVersion

_SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:CBI:xsd:CBIPaymentRequest.{version}"
 targetNamespace="urn:CBI:xsd:CBIPaymentRequest.{version}" elementFormDefault="qualified">
 <xs:element name="CBIPaymentRequest"><xs:complexType><xs:sequence>
  <xs:element name="GrpHdr"><xs:complexType><xs:sequence>
   <xs:element name="MsgId" type="Reference"/>
   <xs:element name="CreDtTm" type="xs:dateTime"/>
   <xs:element name="NbOfTxs" type="Count"/>
   <xs:element name="CtrlSum" type="Euro"/>
   <xs:element name="InitgPty"><xs:complexType><xs:sequence>
    <xs:element name="Nm" type="Name"/>
    <xs:element name="Id"><xs:complexType><xs:sequence>
     <xs:element name="OrgId"><xs:complexType><xs:sequence>
      <xs:element name="Othr"><xs:complexType><xs:sequence>
       <xs:element name="Id" type="Cuc"/>
       <xs:element name="Issr" fixed="CBI"/>
      </xs:sequence></xs:complexType></xs:element>
     </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
   </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="PmtInf"><xs:complexType><xs:sequence>
   <xs:element name="PmtInfId" type="Reference"/>
   <xs:element name="PmtMtd" fixed="TRF"/>
   <xs:element name="BtchBookg" type="xs:boolean"/>
   <xs:element name="PmtTpInf"><xs:complexType><xs:sequence>
    <xs:element name="InstrPrty" fixed="NORM"/> <xs:element name="SvcLvl"><xs:complexType><xs:sequence><xs:element name="Cd"
    fixed="SEPA"/></xs:sequence></xs:complexType></xs:element>
   </xs:sequence></xs:complexType></xs:element>
   {day}
   <xs:element name="Dbtr" type="Party"/>
   <xs:element name="DbtrAcct" type="Account"/>
   <xs:element name="DbtrAgt"><xs:complexType><xs:sequence>
    <xs:element name="FinInstnId"><xs:complexType><xs:sequence>
     <xs:element name="{bic}" type="Bic" minOccurs="0"/>
     <xs:element name="ClrSysMmbId"><xs:complexType><xs:sequence>
      <xs:element name="MmbId" type="Abi"/>
     </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
   </xs:sequence></xs:complexType></xs:element>
   <xs:element name="ChrgBr" fixed="SLEV"/>
   <xs:element name="CdtTrfTxInf" maxOccurs="unbounded"><xs:complexType><xs:sequence>
    <xs:element name="PmtId"><xs:complexType><xs:sequence>
     <xs:element name="InstrId" type="Reference"/>
     <xs:element name="EndToEndId" type="Reference"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="PmtTpInf"><xs:complexType><xs:sequence>
     <xs:element name="CtgyPurp"><xs:complexType><xs:sequence>
      <xs:element name="Cd" type="Category"/>
     </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="Amt"><xs:complexType><xs:sequence>
     <xs:element name="InstdAmt"><xs:complexType><xs:simpleContent><xs:extension base="Euro">
      <xs:attribute name="Ccy" fixed="EUR" use="required"/>
     </xs:extension></xs:simpleContent></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="CdtrAgt" minOccurs="0"><xs:complexType><xs:sequence>
     <xs:element name="FinInstnId"><xs:complexType><xs:sequence><xs:element name="{bic}"
     type="Bic"/></xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element> <xs:element name="Cdtr" type="Party"/> <xs:element name="CdtrAcct"
    type="Account"/> <xs:element name="RmtInf"><xs:complexType><xs:sequence><xs:element name="Ustrd"
    type="Remittance"/></xs:sequence></xs:complexType></xs:element>
   </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
 </xs:sequence></xs:complexType></xs:element>
 <xs:complexType name="Party"><xs:sequence><xs:element name="Nm" type="Name"/></xs:sequence></xs:complexType>
 <xs:complexType name="Account"><xs:sequence>
  <xs:element name="Id"><xs:complexType><xs:sequence><xs:element name="IBAN"
  type="Iban"/></xs:sequence></xs:complexType></xs:element>
 </xs:sequence></xs:complexType>
 {patterns}
</xs:schema>"""

_LATIN = r"[A-Za-z0-9/\-?:().,'+ ]"
_PATTERNS = {
    "Reference": _LATIN + "{1,35}",
    "Name": _LATIN + "{1,70}",
    "Remittance": _LATIN + "{1,140}",
    "Count": "[0-9]{1,15}",
    "Euro": r"[0-9]{1,16}\.[0-9]{2}",
    "Cuc": "[A-Z0-9]{8}",
    "Abi": "[0-9]{5}",
    "Category": "[A-Z]{4}",
    "Bic": "[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?",
    "Iban": "[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}",
}


@cache
def cbi_schema(version: CbiVersion) -> xmlschema.XMLSchema:
    day = '<xs:element name="ReqdExctnDt" type="xs:date"/>'
    if version is CbiVersion.V00_04_01:
        inner = '<xs:complexType><xs:sequence><xs:element name="Dt" type="xs:date"/></xs:sequence></xs:complexType>'
        day = f'<xs:element name="ReqdExctnDt">{inner}</xs:element>'
    patterns = "".join(
        f'<xs:simpleType name="{name}"><xs:restriction base="xs:string"><xs:pattern value="{pattern}"/>'
        "</xs:restriction></xs:simpleType>"
        for name, pattern in _PATTERNS.items()
    )
    bic = "BICFI" if version is CbiVersion.V00_04_01 else "BIC"
    return xmlschema.XMLSchema(_SCHEMA.format(version=version.value, day=day, bic=bic, patterns=patterns))
