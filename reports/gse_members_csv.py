"""GSE's list of members: 14 columns in its order, `;` between them, no row that GSE would send back half empty.

The file goes to a machine, so it has no byte order mark, and a text that begins like a formula is refused rather than changed:
GSE would compare the changed name with its registers.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from apps.engine.errors import InvalidIdentifier
from apps.engine.identifiers import normalise_pod, pod_key
from reports.csv_text import LONGEST_TEXT, to_bytes
from reports.documents.gse_members import GseMember, GseVocabulary, LegalType
from reports.errors import GseMembersIncomplete
from reports.formats import plain
from reports.tax_numbers import is_tax_code, is_vat_number
from reports.workbook_values import RISKY

COLUMNS = (
    "CodicePod",
    "Accumulostandalone",
    "TipologiaGiuridica",
    "FormaGiuridica",
    "TipologiaSoggetto",
    "SottotipologiaAmministrazioneLocaleISTAT",
    "SoggettoDotatoDiPartitaIVA",
    "StudioAssociato/SocietàDiProfessionisti",
    "Nome",
    "Cognome",
    "CodiceFiscale",
    "PartitaIVA",
    "CodiceAteco",
    "RagioneSociale/NomeDitta",
)
_ATECO = re.compile(r"[0-9]{2}(\.[0-9]{1,2}(\.[0-9]{1,2})?)?")
_PERSON_TAX_CODE_LENGTH = 16


def render(members: Sequence[GseMember], words: GseVocabulary | None = None) -> bytes:
    """The file, rows in the order of PODs whatever the order they came in.

    Errors: `GseMembersIncomplete` with everything that is missing or wrong, member by member, and when there is nobody or a POD
    comes twice.
    """
    missing = find_missing(members)
    if missing or not members:
        raise GseMembersIncomplete(missing)
    rows = sorted((_row(one, words or GseVocabulary()) for one in members), key=lambda row: row[0])
    return to_bytes(COLUMNS, rows, mark=False)


def find_missing(members: Sequence[GseMember]) -> list[tuple[str, str, tuple[str, ...]]]:
    """(member, POD, columns) of everybody who lacks something or has something wrong; a POD that comes twice, if nobody does."""
    missing = [(one.member, plain(one.pod, 20), wants) for one in members if (wants := tuple(_missing(one)))]
    if missing:
        return missing
    counted = Counter(pod_key(_pod(one)) for one in members)
    return [(one.member, _pod(one), ("CodicePod: twice",)) for one in members if counted[pod_key(_pod(one))] > 1]


def _row(one: GseMember, words: GseVocabulary) -> tuple[str, ...]:
    def flag(value: bool) -> str:
        return words.yes if value else words.no

    return (
        _pod(one),
        flag(one.is_standalone_storage),
        words.person if one.legal_type is LegalType.PERSON else words.organisation,
        *map(_text, (one.legal_form, one.subject_type, one.local_authority_type)),
        flag(bool(one.vat_number)),
        flag(one.is_professional_partnership),
        *map(_text, (one.first_name, one.last_name)),
        one.tax_code,
        one.vat_number,
        one.ateco,
        _text(one.business_name),
    )


def _missing(one: GseMember) -> Iterator[str]:
    """The columns that lack something, in the order of the file."""
    person = one.legal_type is LegalType.PERSON
    if not _has_pod(one):
        yield "CodicePod"
    if one.legal_type is None:
        yield "TipologiaGiuridica"
    yield from _wants("FormaGiuridica", one.legal_form, needed=one.legal_type is LegalType.ORGANISATION)
    yield from _wants("TipologiaSoggetto", one.subject_type, needed=True)
    yield from _wants("SottotipologiaAmministrazioneLocaleISTAT", one.local_authority_type, needed=one.is_local_authority)
    yield from _wants("Nome", one.first_name, needed=person)
    yield from _wants("Cognome", one.last_name, needed=person)
    if not is_tax_code(one.tax_code) or (person and len(one.tax_code) != _PERSON_TAX_CODE_LENGTH):
        yield "CodiceFiscale"
    if one.vat_number and not is_vat_number(one.vat_number):
        yield "PartitaIVA"
    if not _ATECO.fullmatch(one.ateco) and (one.ateco or one.vat_number):
        yield "CodiceAteco"
    yield from _wants(
        "RagioneSociale/NomeDitta", one.business_name, needed=one.legal_type is LegalType.ORGANISATION or bool(one.vat_number)
    )


def _wants(column: str, text: str, *, needed: bool) -> Iterator[str]:
    line = _text(text)
    if (needed and not line) or line.startswith(RISKY) or line.endswith("…"):
        yield column


def _text(text: str) -> str:
    return plain(text, LONGEST_TEXT)


def _pod(one: GseMember) -> str:
    return normalise_pod(one.pod)


def _has_pod(one: GseMember) -> bool:
    try:
        _pod(one)
    except InvalidIdentifier:
        return False
    return True
