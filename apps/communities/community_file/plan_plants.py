"""Plants: what the file would change, one plant behind one POD of the community."""

from collections.abc import Collection, Mapping, Sequence

from django.utils.translation import gettext as _

from apps.communities.community_file.changes import given
from apps.communities.community_file.draft import Draft
from apps.communities.community_file.plan_points import Claim
from apps.communities.community_file.rows import PlantRow
from apps.communities.models import Plant


def plan_plants(draft: Draft, claims: Mapping[str, Sequence[Claim]]) -> None:
    """Create or update the plants of the file by code; `claims` are who holds which POD key afterwards."""
    held = {key for key, found in claims.items() if any(not claim.foreign for claim in found)}
    held |= {row.pod_key for row in draft.document.metering_points if row.sound("pod")}
    for row in draft.document.plants:
        if row.sound("pod"):
            _check_pod(row, held, draft)
        _plan_plant(row, draft)


def _plan_plant(row: PlantRow, draft: Draft) -> None:
    values = {
        "pod_key": row.pod_key,
        "source": row.source,
        "power_kw": row.power_kw,
        "region": row.region,
        "market_zone": row.market_zone,
        "entered_operation_on": row.entered_operation_on,
        "grant_intensity": row.grant_intensity,
        "obligation_power_kw": row.obligation_power_kw,
        "in_building": row.in_building,
    }
    plant = draft.stored.plants.get(row.code)
    if plant is None:
        plant = Plant(community=draft.community, code=row.code, **given(values))
        draft.plan.create("plants", row.code, row.path, plant)
    else:
        draft.plan.update("plants", row.code, row.path, plant, values)


def _check_pod(row: PlantRow, held: Collection[str], draft: Draft) -> None:
    moved = {other.code for other in draft.document.plants if other.sound("code", "pod") and other.pod_key != row.pod_key}
    behind = [plant.code for plant in draft.stored.plants.values() if plant.pod_key == row.pod_key]
    others = [code for code in behind if code != row.code and code not in moved]
    reason = ""
    if row.pod_key not in held:
        if draft.knows_all("metering_points", "pod"):
            reason = _("%(pod_key)s is none of the metering points of this community. Add the point.") % {"pod_key": row.pod_key}
    elif row.pod_key in draft.stored.foreign_plants:
        reason = _("a plant of another community stands behind %(pod_key)s: one POD has one plant.") % {"pod_key": row.pod_key}
    elif others:
        reason = _("the plant %(plant)s stands behind %(pod_key)s already: one POD has one plant.") % {
            "plant": others[0],
            "pod_key": row.pod_key,
        }
    if reason:
        draft.problems.add(row.at("pod"), reason)
