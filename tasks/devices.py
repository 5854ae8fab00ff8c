"""The workers' door to the presence of devices: who is silent, as far as all messages are stored."""

import logging
from datetime import datetime

from celery import shared_task
from django.utils import timezone

from apps.engine.presence import BrokerFact
from apps.metering import presence
from apps.metering.broker_status import (
    BrokerState,
    BrokerStatus,
    Stage,
    get_process_status,
    get_stream_status,
    list_broker_statuses,
)

log = logging.getLogger(__name__)


@shared_task(name="devices.detect_offline")
def detect_offline() -> None:
    """Bring presences and alerts up to date. May be lost, may run twice.

    While messages stand on disk or at the broker because the queue does not take them, no silence proves anything, and nothing
    is done.
    """
    as_of = _complete_until()
    if as_of is None:
        log.warning("Messages wait outside the queue: who is silent will be seen once they are stored.")
        return
    flips = presence.detect_offline(as_of=as_of, brokers={status.broker_id: _fact(status) for status in list_broker_statuses()})
    if flips:
        log.info("%d devices changed their presence.", len(flips))


def _complete_until() -> datetime | None:
    """The instant up to which every message that the listener took is stored; None when that cannot be told."""
    now = timezone.now()
    process, stream = get_process_status(), get_stream_status()
    if not stream.known or process.stage in (Stage.SPOOL, Stage.PAUSED) or process.spool_bytes:
        return None
    return now if stream.oldest_age is None else now - stream.oldest_age


def _fact(status: BrokerStatus) -> BrokerFact:
    if status.state is BrokerState.UNKNOWN:
        return BrokerFact(carried_at=status.last_message_at)
    is_up = status.state is BrokerState.CONNECTED
    return BrokerFact(is_up, status.since if is_up else None, status.last_message_at)
