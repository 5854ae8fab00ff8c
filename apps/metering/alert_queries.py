"""Read: the alerts that are open."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from apps.metering.models import Alert


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is not over. `acknowledged_by` is the address of who takes care of it, empty for nobody."""

    alert_id: int
    device_id: int
    device: str
    kind: str
    detail: str
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str


def list_open_alerts(
    *, device_ids: Collection[int] | None = None, acknowledged: bool | None = None, limit: int | None = None
) -> list[OpenAlert]:
    """Return the open alerts, newest first, in one query; of some devices, of those somebody did or did not take care of."""
    alerts = (
        Alert.objects.filter(closed_at__isnull=True).select_related("device", "acknowledged_by").order_by("-opened_at", "-pk")
    )
    if device_ids is not None:
        alerts = alerts.filter(device__in=device_ids)
    if acknowledged is not None:
        alerts = alerts.filter(acknowledged_at__isnull=not acknowledged)
    return [
        OpenAlert(
            alert.pk,
            alert.device_id,
            str(alert.device),
            alert.kind,
            alert.detail,
            alert.opened_at,
            alert.acknowledged_at,
            alert.acknowledged_by.email if alert.acknowledged_by else "",
        )
        for alert in alerts[:limit]
    ]
