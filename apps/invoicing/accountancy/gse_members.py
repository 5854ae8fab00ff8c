"""Who stands in GSE's list of members: everybody who holds a point of the configuration on a day."""

from datetime import date
from typing import Any

from django.db.models import Q

from apps.communities.models import Configuration, Member, MeteringPoint

FACTS = (
    *("legal_type", "legal_form", "subject_type", "local_authority_type", "is_professional_partnership"),
    *("first_name", "last_name", "tax_code", "vat_number", "ateco", "business_name"),
)


def list_gse_members(*, configuration: Configuration, on: date) -> list[dict[str, Any]]:
    """One row per point that is valid on the day, by POD: the point, its member, and what GSE asks about both."""
    valid = Q(valid_from__lte=on) & (Q(valid_to__isnull=True) | Q(valid_to__gt=on))
    points = MeteringPoint.objects.filter(valid, configuration=configuration).select_related("member").order_by("pod")
    return [
        {
            "member": point.member.code,
            "member_id": point.member_id,
            "name": point.member.name,
            "pod": point.pod,
            "is_standalone_storage": point.storage_efficiency is not None,
            "is_local_authority": point.member.kind == Member.Kind.LOCAL_AUTHORITY,
            **{name: getattr(point.member, name) for name in FACTS},
        }
        for point in points
    ]
