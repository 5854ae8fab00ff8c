"""Whose PODs an import may write: those of all communities, or of the communities that its uploader administers.

The scope is set when the file is uploaded and looked at again when a worker reads it: who lost the role meanwhile writes nothing.
"""

from apps.communities.models import MeteringPoint
from apps.communities.queries import list_administered_communities
from apps.metering.models import MeasureImport

SCOPE = "communities"
"""Where the report of an import names the communities (by id) that it is confined to; absent when it is not confined."""


def list_writable_pods(found: MeasureImport) -> list[str] | None:
    """Return the POD keys that this import may write; None when it may write them all.

    A POD that has, or had, a point in any other community is not among them: its curves are shared with that community.
    """
    scope = found.report.get(SCOPE)
    if scope is None:
        return None
    if found.imported_by is None:
        return []
    communities = list_administered_communities(found.imported_by).filter(pk__in=scope)
    own = MeteringPoint.objects.filter(configuration__community__in=communities)
    elsewhere = MeteringPoint.objects.exclude(configuration__community__in=communities)
    return sorted(set(own.values_list("pod_key", flat=True)) - set(elsewhere.values_list("pod_key", flat=True)))
