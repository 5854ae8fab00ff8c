"""Notice which devices fell silent or came back: look, judge by `apps.engine.presence`, swap what is still as it was seen.

No index helps to find who fell silent, on purpose: one on the last message would have to be written with every message, thirty
thousand times between two looks, to save one scan of a narrow table.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction

from apps.communities.models import Plant
from apps.engine.darkness import dark_since
from apps.engine.presence import TIMEOUTS, UNSTEADY_WITHIN, BrokerFact, DeviceFact, Presence, Reason, judge
from apps.metering.alert_operations import Alerting, update_alerts
from apps.metering.models import DeviceAssignment, DeviceFlip

CHUNK = 2_000  # rows that are held at once: whoever stores messages waits for nobody longer than a moment
# What `judge` cannot change is left out here, and nothing else: a test asks both about the same devices.
_SEEN = f"""
SELECT s.device_id, b.id, t.heartbeat, s.presence, s.presence_since, s.last_received_at, s.last_will_online, s.will_at,
    s.clock_wrong_at,
    EXISTS (
        SELECT FROM metering_deviceassignment a WHERE a.device_id = s.device_id AND a.role = '{DeviceAssignment.Role.PRODUCTION}'
            AND a.starts_at <= %(as_of)s AND (a.ends_at IS NULL OR a.ends_at > %(as_of)s)
            AND NOT EXISTS (
                SELECT FROM communities_plant p WHERE p.pod_key = a.pod_key AND p.source <> '{Plant.Source.PHOTOVOLTAIC}'
            )
    ),
    (
        SELECT count(*) FROM metering_deviceflip f WHERE f.device_id = s.device_id AND f.at > %(flips_after)s
            AND 'broker_down' NOT IN (f.was, f.now)
    )
FROM metering_devicestate s
JOIN metering_device d ON d.id = s.device_id
JOIN metering_broker b ON b.id = d.broker_id
LEFT JOIN unnest(%(brokers)s::bigint[], %(up)s::bool[], %(carried_at)s::timestamptz[]) AS f (broker_id, is_up, carried_at)
    ON f.broker_id = b.id
CROSS JOIN LATERAL (SELECT greatest(coalesce(nullif(d.heartbeat_seconds, 0), b.heartbeat_seconds), 1) AS heartbeat) AS h
CROSS JOIN LATERAL (
    SELECT h.heartbeat, make_interval(secs => h.heartbeat::float8 * {TIMEOUTS}) AS timeout,
        make_interval(secs => h.heartbeat::float8 * {TIMEOUTS} / CASE WHEN f.is_up IS FALSE THEN 2 ELSE 1 END) AS fresh,
        s.last_will_online IS FALSE AND s.will_at >= coalesce(s.last_received_at, '-infinity') AS gone
) AS t
WHERE coalesce(s.presence_since, '-infinity') < %(as_of)s AND CASE s.presence
    WHEN 'unknown' THEN s.last_received_at IS NOT NULL OR t.gone
    WHEN 'offline' THEN s.last_received_at > %(as_of)s - t.fresh AND t.gone IS NOT TRUE
    WHEN 'online' THEN s.last_received_at <= %(as_of)s - t.fresh OR t.gone OR s.clock_wrong_at > %(as_of)s - t.timeout
    WHEN 'clock_wrong' THEN s.last_received_at <= %(as_of)s - t.fresh OR t.gone
        OR coalesce(s.clock_wrong_at, '-infinity') <= %(as_of)s - t.timeout
    WHEN 'asleep' THEN s.last_received_at > %(as_of)s - t.fresh OR coalesce(s.presence_since < %(dark_since)s::timestamptz, true)
    ELSE f.is_up OR t.gone OR s.last_received_at > %(as_of)s - t.fresh OR f.carried_at >= s.last_received_at + t.timeout
END
"""  # noqa: S608 - words of ours
_CARRIED = """
SELECT d.broker_id, max(s.last_received_at) FROM metering_devicestate s JOIN metering_device d ON d.id = s.device_id
WHERE NOT d.broker_id = ANY(%s) GROUP BY d.broker_id
"""
# Who stores a message of a device right now brings news of it: the next look takes that device.
_SWAP = """
WITH judged AS (
    SELECT * FROM unnest(
        %(device)s::bigint[], %(was)s::text[], %(since)s::timestamptz[], %(received_at)s::timestamptz[],
        %(will_at)s::timestamptz[], %(now)s::text[], %(reason)s::text[]
    ) AS n (device_id, was, since, received_at, will_at, now, reason)
), same AS (
    SELECT s.device_id, j.was, j.now, j.reason FROM metering_devicestate s JOIN judged j ON j.device_id = s.device_id
    WHERE (s.presence, s.presence_since, s.last_received_at, s.will_at)
        IS NOT DISTINCT FROM (j.was, j.since, j.received_at, j.will_at)
    FOR UPDATE OF s SKIP LOCKED
), swapped AS (
    UPDATE metering_devicestate s SET presence = same.now, presence_since = %(as_of)s FROM same WHERE s.device_id = same.device_id
    RETURNING s.device_id, same.was, same.now, same.reason
)
INSERT INTO metering_deviceflip (device_id, was, now, reason, at)
SELECT device_id, was, now, reason, %(as_of)s FROM swapped ORDER BY device_id
RETURNING device_id, was, now, reason, at
"""


@dataclass(frozen=True, slots=True)
class Flip:
    """One change of presence that this look made and nobody else did."""

    device_id: int
    was: Presence
    now: Presence
    reason: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class _Seen:
    device_id: int
    fact: DeviceFact


def detect_offline(*, as_of: datetime, brokers: Mapping[int, BrokerFact]) -> list[Flip]:
    """Bring presences up to an instant, write one `DeviceFlip` per change, open and close alerts; returns the changes made.

    `as_of` is the instant up to which all messages are stored; `brokers` says how the listener's connections are, by id of the
    broker, and what is not there is unknown. Each chunk of devices is a transaction of its own, and the alerts are one, so a look
    that dies half-way leaves whole flips and the next one does the rest. Run by two at once, each change is made by one of them.
    """
    facts = _with_carried(brokers)
    flips = [flip for chunk in _chunks(_look(as_of, facts)) for flip in _swap(chunk, as_of)]
    update_alerts(Alerting.at(as_of, facts))
    return flips


def _with_carried(brokers: Mapping[int, BrokerFact]) -> dict[int, BrokerFact]:
    """Add to the brokers that are not connected when they brought a message last."""
    facts = dict(brokers)
    with connection.cursor() as cursor:
        cursor.execute(_CARRIED, [[number for number, fact in facts.items() if fact.is_up]])
        for number, carried_at in cursor.fetchall():
            fact = facts.get(number, BrokerFact())
            instants = [at for at in (fact.carried_at, carried_at) if at is not None]
            facts[number] = replace(fact, carried_at=max(instants, default=None))
    return facts


@transaction.atomic
def _look(as_of: datetime, brokers: Mapping[int, BrokerFact]) -> list[_Seen]:
    """Return the devices that may have changed."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit TO off")  # compiling would take ten times as long as running
        cursor.execute(
            _SEEN,
            {
                "as_of": as_of,
                "dark_since": dark_since(as_of),
                "flips_after": as_of - UNSTEADY_WITHIN,
                "brokers": list(brokers),
                "up": [fact.is_up for fact in brokers.values()],
                "carried_at": [fact.carried_at for fact in brokers.values()],
            },
        )
        return [_seen(row, brokers) for row in cursor.fetchall()]


def _seen(row: Sequence[Any], brokers: Mapping[int, BrokerFact]) -> _Seen:
    device_id, broker_id, heartbeat, presence, since, received_at, will_online, will_at, clock_wrong_at, sleeps, flips = row
    return _Seen(
        device_id,
        DeviceFact(
            heartbeat=timedelta(seconds=heartbeat),
            broker=brokers.get(broker_id, BrokerFact()),
            presence=Presence(presence),
            since=since,
            last_received_at=received_at,
            will_online=will_online,
            will_at=will_at,
            clock_wrong_at=clock_wrong_at,
            sleeps=sleeps,
            flips=flips,
        ),
    )


def _swap(devices: Sequence[_Seen], as_of: datetime) -> list[Flip]:
    """Write what devices became where they are still as they were seen; returns what was written."""
    dark = dark_since(as_of)
    judged = [(seen, judge(seen.fact, as_of=as_of, dark_since=dark)) for seen in devices]
    changed = sorted(((seen, verdict) for seen, verdict in judged if verdict.reason), key=lambda row: row[0].device_id)
    if not changed:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _SWAP,
            {
                "as_of": as_of,
                "device": [seen.device_id for seen, _ in changed],
                "was": [seen.fact.presence.value for seen, _ in changed],
                "since": [seen.fact.since for seen, _ in changed],
                "received_at": [seen.fact.last_received_at for seen, _ in changed],
                "will_at": [seen.fact.will_at for seen, _ in changed],
                "now": [verdict.presence.value for _, verdict in changed],
                "reason": [verdict.reason and verdict.reason.value for _, verdict in changed],
            },
        )
        return [Flip(device, Presence(was), Presence(now), Reason(why), at) for device, was, now, why, at in cursor.fetchall()]


def _chunks(devices: Sequence[_Seen]) -> Iterator[list[_Seen]]:
    rest = iter(devices)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def forget_flips(*, before: datetime) -> int:
    """Delete the changes of presence that are older than an instant; returns how many. How devices are now stands elsewhere."""
    deleted, _ = DeviceFlip.objects.filter(at__lt=before).delete()
    return deleted
