"""What GSE's list of members asks of a member, beyond what a settlement needs: optional keys of community.json."""

import re
from functools import partial

from django.utils.translation import gettext as _
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.it import iva

from apps.communities.community_file import scalars
from apps.communities.community_file.fields import Fields, Keep

LEGAL_TYPES = ("person", "organisation")
_ATECO = re.compile(r"[0-9]{2}(\.[0-9]{1,2}(\.[0-9]{1,2})?)?")
_TEXTS = {
    "legal_form": 60,
    "subject_type": 100,
    "local_authority_type": 100,
    "first_name": 100,
    "last_name": 100,
    "business_name": 200,
}


def read_gse_facts(fields: Fields) -> dict[str, str | bool | Keep]:
    """The keys of one member, by the name of the field; absent keys are kept as they are stored, null empties."""
    facts: dict[str, str | bool | Keep] = {
        "legal_type": fields.optional("legal_type", partial(scalars.to_choice, choices=LEGAL_TYPES), ""),
        "is_professional_partnership": fields.flag("is_professional_partnership"),
        "vat_number": fields.optional("vat_number", to_vat_number, ""),
        "ateco": fields.optional("ateco", to_ateco, ""),
    }
    for name, longest in _TEXTS.items():
        facts[name] = fields.optional(name, partial(scalars.to_text, longest=longest), "")
    return facts


def to_vat_number(text: str) -> str:
    """The 11 digits of a *partita IVA*, without the country."""
    try:
        return str(iva.validate(text))
    except StdnumError:
        raise ValueError(
            _("%(text)r is not a VAT number: expected 11 digits with a right check digit. Copy it again.")
            % {"text": scalars.mask(text)}
        ) from None


def to_ateco(text: str) -> str:
    """A code of activity, such as 10.71.10."""
    code = text.strip()
    if not _ATECO.fullmatch(code):
        raise ValueError(_("%(text)r is not an ATECO code. Write it with its points, such as 10.71.10.") % {"text": text})
    return code
