"""The members of a configuration as GSE wants them listed: one row per point of withdrawal or injection."""

from dataclasses import dataclass
from enum import Enum


class LegalType(Enum):
    """A natural person, or everybody else."""

    PERSON = "person"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class GseVocabulary:
    """The words that GSE's form knows for what this project calls otherwise. GSE may change them; see DECISIONS."""

    person: str = "PF"
    organisation: str = "PG"
    yes: str = "SI"
    no: str = "NO"


@dataclass(frozen=True, slots=True)
class GseMember:
    """One point and who holds it. `member` is the member's code, for messages; it does not stand in the file.

    `legal_form`, `subject_type` and `local_authority_type` are words of GSE's own lists, written as given; the last one only for
    local authorities (`is_local_authority`). `legal_type` None is not known. `is_professional_partnership`
    is the *studio associato*. A person in business has
    a VAT number, an activity code (`ateco`) and the name of the business.
    """

    member: str
    pod: str
    legal_type: LegalType | None
    subject_type: str
    tax_code: str
    legal_form: str = ""
    local_authority_type: str = ""
    first_name: str = ""
    last_name: str = ""
    vat_number: str = ""
    ateco: str = ""
    business_name: str = ""
    is_standalone_storage: bool = False
    is_local_authority: bool = False
    is_professional_partnership: bool = False
