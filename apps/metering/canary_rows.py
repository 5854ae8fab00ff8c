"""Which broker our own messages go to, as rows; and the newest of them that came through."""

from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from apps.metering.canary import CANARY_TOPICS, Through
from apps.metering.models import Broker, Canary

_FILTER = f"{CANARY_TOPICS}#"
_EVERYTHING = "#"
_PORTS = {"mqtt": 1883, "mqtts": 8883}


def listened_topics(broker: Broker) -> tuple[str, ...]:
    """The topics of a row, and ours where the row leads to the broker that we sing to."""
    topics = tuple(broker.topics)
    return topics if _EVERYTHING in topics or not leads_to_canary(broker) else (*topics, _FILTER)


def leads_to_canary(broker: Broker) -> bool:
    parts = urlsplit(settings.CANARY_URL)
    return (broker.host, broker.port) == (parts.hostname, canary_port(parts))


def canary_port(parts: SplitResult) -> int:
    return parts.port or _PORTS.get(parts.scheme, 0)


def get_canary_broker() -> Broker | None:
    """The enabled row whose way is tried."""
    return next((row for row in Broker.objects.filter(enabled=True).order_by("pk") if leads_to_canary(row)), None)


def get_through(broker_id: int) -> Through | None:
    """The newest message of ours that became a row."""
    row = Canary.objects.filter(broker_id=broker_id).first()
    return Through(row.sent_at, row.stored_at) if row else None
