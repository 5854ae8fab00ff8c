"""The statements that write what was heard: one per table and drain, whatever the number of messages or devices.

Rows go in sorted by their key, so that two workers never wait for each other crosswise. Everything moves forward only: an older
message never overwrites a newer one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from apps.metering.ingest.binary import Moments, Wholes, open_array_cursor
from apps.metering.ingest.hearing import Heard, Identity, Letter, Presence, Stranger
from apps.metering.ingest.many_readings import copy_new
from apps.metering.ingest.moments import moment
from apps.metering.raw import RawBatch, compress

MANY = 500  # readings, from which on it is worth asking whether all of them are new
LONGEST_PAYLOAD = 64 * 1024  # of a dead letter; the journal has the whole of it
_JOURNAL = """
INSERT INTO metering_rawbatch (received_at, batch, broker_id, messages, content)
SELECT * FROM unnest(%s, %s::text[], %s, %s::int[], %s::bytea[])
ON CONFLICT DO NOTHING RETURNING batch
"""
# What is new, or known earlier than before, is marked for closing: the rest changes no quarter.
_READINGS = """
WITH stored AS (
    INSERT INTO metering_reading AS r (series_id, measured_at, register_milliwh, received_at)
    SELECT series_id, measured_at, register_milliwh, min(received_at)
    FROM unnest(%s, %s, %s, %s) AS n (series_id, measured_at, register_milliwh, received_at)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (series_id, measured_at, register_milliwh) DO UPDATE SET received_at = excluded.received_at
    WHERE excluded.received_at < r.received_at
    RETURNING series_id, measured_at
), marked AS (
    INSERT INTO metering_quartermark AS m (series_id, from_at, to_at, version)
    SELECT series_id, min(measured_at), max(measured_at), 1 FROM stored GROUP BY 1 ORDER BY 1
    ON CONFLICT (series_id) DO UPDATE SET
        from_at = least(m.from_at, excluded.from_at), to_at = greatest(m.to_at, excluded.to_at), version = m.version + 1
)
SELECT count(*) FROM stored
"""
_STATES = """
INSERT INTO metering_devicestate AS s (
    device_id, presence, messages, last_received_at, last_measured_at, clock_wrong_at, will_at, last_will_online,
    power_at, power_w
)
SELECT device_id, 'unknown', messages, last_received_at, last_measured_at, clock_wrong_at, will_at, online, power_at, power_w
FROM unnest(
    %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bool[],
    %s::timestamptz[], %s::int[]
) AS n (device_id, messages, last_received_at, last_measured_at, clock_wrong_at, will_at, online, power_at, power_w)
ORDER BY device_id
ON CONFLICT (device_id) DO UPDATE SET
    messages = s.messages + excluded.messages,
    last_received_at = greatest(s.last_received_at, excluded.last_received_at),
    last_measured_at = greatest(s.last_measured_at, excluded.last_measured_at),
    clock_wrong_at = greatest(s.clock_wrong_at, excluded.clock_wrong_at),
    last_will_online = CASE WHEN excluded.will_at >= coalesce(s.will_at, '-infinity')
        THEN excluded.last_will_online ELSE s.last_will_online END,
    will_at = greatest(s.will_at, excluded.will_at),
    power_w = CASE WHEN excluded.power_at >= coalesce(s.power_at, '-infinity') THEN excluded.power_w ELSE s.power_w END,
    power_at = greatest(s.power_at, excluded.power_at)
"""
_LETTERS = """
INSERT INTO metering_deadletter AS d (
    broker_id, device_id, topic, payload, sha256, reason, detail, times, attempts, first_received_at, last_received_at
)
SELECT broker_id, device_id, topic, payload, sha256, reason, detail, times, 1, first_at, last_at
FROM unnest(
    %s::bigint[], %s::bigint[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::text[], %s::int[], %s, %s
) AS n (broker_id, device_id, topic, payload, sha256, reason, detail, times, first_at, last_at)
ORDER BY broker_id, sha256
ON CONFLICT (broker_id, sha256) DO UPDATE SET
    times = d.times + excluded.times,
    first_received_at = least(d.first_received_at, excluded.first_received_at),
    last_received_at = greatest(d.last_received_at, excluded.last_received_at),
    reason = excluded.reason, detail = excluded.detail, resolved_at = NULL
"""
_STRANGERS = """
INSERT INTO metering_unknowntopic AS u (broker_id, topic, sha256, messages, first_received_at, last_received_at)
SELECT broker_id, topic, encode(sha256(topic::bytea), 'hex'), messages, first_at, last_at
FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s, %s) AS n (broker_id, topic, messages, first_at, last_at)
ORDER BY broker_id, topic
ON CONFLICT (broker_id, sha256) DO UPDATE SET
    messages = u.messages + excluded.messages,
    first_received_at = least(u.first_received_at, excluded.first_received_at),
    last_received_at = greatest(u.last_received_at, excluded.last_received_at)
"""

_CANARIES = """
INSERT INTO metering_canary AS c (broker_id, sent_at, stored_at)
SELECT broker_id, sent_at, clock_timestamp() FROM unnest(%s, %s) AS n (broker_id, sent_at) ORDER BY broker_id
ON CONFLICT (broker_id) DO UPDATE SET sent_at = excluded.sent_at, stored_at = excluded.stored_at
WHERE excluded.sent_at > c.sent_at
"""


def write_journal(batches: Sequence[RawBatch], contents: Sequence[bytes]) -> set[str]:
    """Keep batches as they came; returns the names of those that were not kept before."""
    if not batches:
        return set()
    rows = sorted(zip(batches, contents, strict=True), key=lambda row: (row[0].received_us, row[0].name))
    kept = _execute(
        _JOURNAL,
        Moments([batch.received_us for batch, _ in rows]),
        [batch.name for batch, _ in rows],
        Wholes([batch.broker_id for batch, _ in rows]),
        [len(batch.messages) for batch, _ in rows],
        [compress(content) for _, content in rows],
    )
    return {name for (name,) in kept}


def write_readings(series: Sequence[int], readings: Sequence[Heard]) -> int:
    """Store readings, each once, and mark what they touch; returns how many were not known."""
    if not readings:
        return 0
    measured_us, registers, received_us = (
        np.array(column, np.int64)
        for column in (
            [heard.measured_us for heard in readings],
            [heard.register_milliwh for heard in readings],
            [heard.received_us for heard in readings],
        )
    )
    numbers = np.array(series, np.int64)
    if len(readings) >= MANY:
        stored = copy_new(numbers, measured_us, registers, received_us)
        if stored is not None:
            return stored
    columns = (Wholes(numbers), Moments(measured_us), Wholes(registers), Moments(received_us))
    return int(_execute(_READINGS, *columns)[0][0])


def write_states(presences: Mapping[Identity, Presence], devices: Mapping[Identity, int]) -> None:
    """Move the states of devices forward."""
    if not presences:
        return
    rows = [(devices[identity], presence, _power_w(presence)) for identity, presence in presences.items()]
    _execute(
        _STATES,
        [device for device, _, _ in rows],
        [presence.messages for _, presence, _ in rows],
        *(
            [moment(getattr(presence, name)) for _, presence, _ in rows]
            for name in ("last_received_us", "last_measured_us", "clock_wrong_us", "will_us")
        ),
        [presence.online for _, presence, _ in rows],
        [moment(at_us) for _, _, (at_us, _) in rows],
        [power_w for _, _, (_, power_w) in rows],
    )


def write_letters(letters: Sequence[Letter], devices: Mapping[Identity, int]) -> None:
    if not letters:
        return
    _execute(
        _LETTERS,
        [letter.broker_id for letter in letters],
        [devices.get(letter.identity) if letter.identity else None for letter in letters],
        [letter.topic for letter in letters],
        [letter.payload[:LONGEST_PAYLOAD] for letter in letters],
        [letter.sha256 for letter in letters],
        [letter.reason for letter in letters],
        [letter.detail for letter in letters],
        [letter.times for letter in letters],
        Moments([letter.first_us for letter in letters]),
        Moments([letter.last_us for letter in letters]),
    )


def write_strangers(strangers: Mapping[tuple[int, str], Stranger]) -> None:
    if not strangers:
        return
    _execute(
        _STRANGERS,
        [broker_id for broker_id, _ in strangers],
        [stranger.topic for stranger in strangers.values()],
        [stranger.messages for stranger in strangers.values()],
        Moments([stranger.first_us for stranger in strangers.values()]),
        Moments([stranger.last_us for stranger in strangers.values()]),
    )


def write_canaries(canaries: Mapping[int, int]) -> None:
    """Note which of our own messages came through."""
    if canaries:
        _execute(_CANARIES, Wholes(list(canaries)), Moments(list(canaries.values())))


def _power_w(presence: Presence) -> tuple[int | None, int | None]:
    """Return when and how much power a device told of, whole W; the details of one message a drain are read, not of all."""
    if presence.newest is None:
        return None, None
    powers = [row.power_milliw for row in presence.newest.electrics if not row.phase and row.power_milliw is not None]
    if not powers:
        return None, None
    watts = round(sum(powers) / 1000)
    return presence.newest.measured_us, max(-(2**31), min(watts, 2**31 - 1))


def _execute(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with open_array_cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
