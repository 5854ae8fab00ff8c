"""Alerts of devices: opened while something waits for a person, closed when it is over.

While a broker is not connected, and for `GRACE` after it is again, its devices raise no alert about silence: that is the broker's
own matter and stands with the broker. A device whose every assignment has ended is out of service and nobody's worry.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.engine.presence import BrokerFact
from apps.metering.models import Alert, SeriesNote

GRACE = timedelta(minutes=15)
NO_DATA_AFTER = timedelta(hours=24)
NOTES_FOR = timedelta(days=7)
"""A note on a register is worth an alert for as long after the energy that it speaks of."""
SUSPECT_NOTES = (SeriesNote.Kind.JUMP, SeriesNote.Kind.IMPOSSIBLE, SeriesNote.Kind.UNIT_CHANGE)

_OPEN_NOW = "a.starts_at <= %(as_of)s AND (a.ends_at IS NULL OR a.ends_at > %(as_of)s)"
# found once for all devices, not device by device
_OUT_OF_SERVICE = f"""d.id IN (
    SELECT a.device_id FROM metering_deviceassignment a GROUP BY a.device_id HAVING NOT bool_or({_OPEN_NOW})
)"""  # noqa: S608 - words of ours
_BOUND_FOR_LONG = f"""EXISTS (
    SELECT FROM metering_deviceassignment a WHERE a.device_id = d.id AND {_OPEN_NOW} AND a.starts_at <= %(data_after)s
)"""
_NOTES = """
    FROM metering_registerseries r JOIN metering_seriesnote n ON n.series_id = r.id
    WHERE r.device_id = d.id AND n.kind = ANY(%(suspect)s) AND n.to_at > %(notes_after)s
"""
_BROKER_HEARD = "d.broker_id = ANY(%(heard)s)"


def _told(instant: str) -> str:
    return f"coalesce(to_char({instant} AT TIME ZONE %(zone)s, 'DD/MM/YYYY HH24:MI'), %(never)s)"


@dataclass(frozen=True, slots=True)
class _Rule:
    """When an alert opens, when an open one ends, and the fact (a text) that `sentence` tells, in SQL over a device `d` and its
    state `s`."""

    opens: str
    ends: str
    fact: str
    sentence: Promise


_RULES = {
    Alert.Kind.OFFLINE: _Rule(
        f"s.presence = 'offline' AND s.presence_since <= %(grace_ago)s AND {_BROKER_HEARD} AND NOT {_OUT_OF_SERVICE}",
        f"s.presence IN ('online', 'clock_wrong', 'asleep') OR {_OUT_OF_SERVICE}",
        _told("s.last_received_at"),
        _("Ultimo messaggio: %s."),
    ),
    Alert.Kind.CLOCK: _Rule(
        "s.presence = 'clock_wrong' AND s.presence_since <= %(grace_ago)s AND s.clock_wrong_at > s.presence_since"
        f" AND NOT {_OUT_OF_SERVICE}",
        f"s.presence IN ('online', 'asleep') OR {_OUT_OF_SERVICE}",
        _told("s.clock_wrong_at"),
        _("Ultimo orario impossibile ricevuto: %s."),
    ),
    Alert.Kind.NO_DATA: _Rule(
        f"coalesce(s.last_measured_at, '-infinity') <= %(data_after)s AND s.presence IS DISTINCT FROM 'broker_down'"
        f" AND {_BROKER_HEARD} AND {_BOUND_FOR_LONG}",
        f"s.last_measured_at > %(data_after)s OR NOT {_BOUND_FOR_LONG}",
        _told("s.last_measured_at"),
        _("Ultima misura: %s."),
    ),
    Alert.Kind.SUSPECT: _Rule(
        f"EXISTS (SELECT {_NOTES}) AND NOT {_OUT_OF_SERVICE}",
        f"NOT EXISTS (SELECT {_NOTES}) OR {_OUT_OF_SERVICE}",
        f"(SELECT string_agg(DISTINCT %(labels)s::jsonb ->> n.kind, ', ') {_NOTES})",
        _("Note sui registri: %s."),
    ),
}
_OPEN = """
INSERT INTO metering_alert (device_id, kind, detail, opened_at)
SELECT d.id, %(kind)s, format(%(sentence)s, {fact}), %(as_of)s
FROM metering_device d LEFT JOIN metering_devicestate s ON s.device_id = d.id
WHERE {opens}
    AND NOT EXISTS (SELECT FROM metering_alert o WHERE o.device_id = d.id AND o.kind = %(kind)s AND o.closed_at IS NULL)
ORDER BY d.id
ON CONFLICT (device_id, kind) WHERE closed_at IS NULL DO NOTHING
"""
_CLOSE = """
UPDATE metering_alert o SET closed_at = %(as_of)s
FROM metering_device d LEFT JOIN metering_devicestate s ON s.device_id = d.id
WHERE o.device_id = d.id AND o.kind = %(kind)s AND o.closed_at IS NULL AND o.opened_at <= %(as_of)s AND ({ends})
"""
_STATEMENTS = {
    kind: (
        _CLOSE.format(ends=rule.ends),
        _OPEN.format(opens=rule.opens, fact=rule.fact),
    )
    for kind, rule in _RULES.items()
}


@dataclass(frozen=True, slots=True)
class Alerting:
    """What the rules compare with: instants, and the brokers (by id) whose devices can be heard for `GRACE` already."""

    as_of: datetime
    grace_ago: datetime
    data_after: datetime
    notes_after: datetime
    suspect: list[str]
    heard: list[int]

    @classmethod
    def at(cls, as_of: datetime, brokers: Mapping[int, BrokerFact]) -> "Alerting":
        grace_ago = as_of - GRACE
        heard = [
            number for number, fact in brokers.items() if fact.is_up and (fact.up_since is None or fact.up_since <= grace_ago)
        ]
        return cls(as_of, grace_ago, as_of - NO_DATA_AFTER, as_of - NOTES_FOR, [kind.value for kind in SUSPECT_NOTES], heard)


@transaction.atomic
def update_alerts(alerting: Alerting) -> None:
    """Close the alerts that are over and open those that are due, in one transaction; run twice, the second does nothing.

    Two statements per kind. The detail of an alert is written once, in the language of who calls: a worker's is that of the
    installation.
    """
    values = {
        **asdict(alerting),
        "zone": settings.TIME_ZONE,
        "never": gettext("mai"),
        "labels": json.dumps({kind.value: str(kind.label) for kind in SUSPECT_NOTES}),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit TO off")  # compiling would take ten times as long as running
        for kind, (close, open_) in _STATEMENTS.items():
            values |= {"kind": kind.value, "sentence": str(_RULES[kind].sentence)}
            cursor.execute(close, values)
            cursor.execute(open_, values)


def acknowledge_alert(*, alert_id: int, user: User, as_of: datetime) -> bool:
    """Write down who takes care of an alert. The first who does stays; True when it was this call.

    An alert that is over can be acknowledged too. Errors: `Alert.DoesNotExist`.
    """
    mine = Alert.objects.filter(pk=alert_id, acknowledged_at__isnull=True).update(acknowledged_at=as_of, acknowledged_by=user)
    if not mine:
        Alert.objects.only("pk").get(pk=alert_id)
    return bool(mine)
