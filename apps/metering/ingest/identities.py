"""Which rows devices and registers are: made when they speak for the first time, remembered once that is committed."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db import transaction

from apps.metering.ingest.binary import Moments, open_array_cursor
from apps.metering.ingest.hearing import Heard, Identity, Presence, printable

_MOST = 400_000


class SeriesKey(NamedTuple):
    device_id: int
    component: str
    channel: str


_devices: dict[Identity, int] = {}
_series: dict[SeriesKey, int] = {}


def forget_identities() -> None:
    """Ask the database again next time: rows that were remembered are gone."""
    _devices.clear()
    _series.clear()


def device_ids(presences: Mapping[Identity, Presence]) -> dict[Identity, int]:
    """Return the row of every device, made where it is new. Two queries when one is unknown, else none."""
    if len(_devices) > _MOST:
        _devices.clear()
    unknown = sorted(identity for identity in presences if identity not in _devices)
    if unknown:
        with open_array_cursor() as cursor:
            columns: list[Any] = [[identity[i] for identity in unknown] for i in range(3)]
            names = [printable(presences[identity].name)[:200] for identity in unknown]
            seen: Any = Moments([presences[identity].first_received_us for identity in unknown])
            cursor.execute(
                """
                INSERT INTO metering_device (broker_id, vendor, key, label, serial, first_seen_at)
                SELECT broker_id, vendor, key, name, '', seen
                FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s) AS n (broker_id, vendor, key, name, seen)
                ON CONFLICT (broker_id, vendor, key) DO NOTHING
                """,
                (*columns, names, seen),
            )
            cursor.execute(
                """
                SELECT d.broker_id, d.vendor, d.key, d.id FROM metering_device d
                JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS n (broker_id, vendor, key)
                    ON (d.broker_id, d.vendor, d.key) = (n.broker_id, n.vendor, n.key)
                """,
                columns,
            )
            found = {Identity(broker, vendor, key): device for broker, vendor, key, device in cursor.fetchall()}
        transaction.on_commit(lambda: _devices.update(found))
        return {identity: _devices.get(identity) or found[identity] for identity in presences}
    return {identity: _devices[identity] for identity in presences}


def series_ids(readings: Iterable[Heard], devices: Mapping[Identity, int]) -> list[int]:
    """Return the series of every reading, in the same order. Two queries when one is unknown, else none."""
    keys = [SeriesKey(devices[heard.identity], heard.component, heard.channel) for heard in readings]
    if len(_series) > _MOST:
        _series.clear()
    unknown = sorted({key for key in keys if key not in _series})
    if unknown:
        with open_array_cursor() as cursor:
            columns = [[key[i] for key in unknown] for i in range(3)]
            cursor.execute(
                """
                INSERT INTO metering_registerseries (device_id, component, channel)
                SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[])
                ON CONFLICT (device_id, component, channel) DO NOTHING
                """,
                columns,
            )
            cursor.execute(
                """
                SELECT s.device_id, s.component, s.channel, s.id FROM metering_registerseries s
                JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS n (device_id, component, channel)
                    ON (s.device_id, s.component, s.channel) = (n.device_id, n.component, n.channel)
                """,
                columns,
            )
            found = {SeriesKey(device, component, channel): series for device, component, channel, series in cursor.fetchall()}
        transaction.on_commit(lambda: _series.update(found))
        return [_series.get(key) or found[key] for key in keys]
    return [_series[key] for key in keys]
