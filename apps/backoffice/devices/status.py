"""How the way from brokers to rows is doing now, in words: brokers, the listener, its spool, the queue."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.backoffice.devices.labels import BROKER_TONES, LEG_TONES, LEG_WORDS, STAGE_TONES, say_age, say_span
from apps.backoffice.templatetags.quantities import whole
from apps.metering.broker_status import BrokerState, get_broker_status, get_process_status, get_stream_status, get_sung
from apps.metering.canary import Leg, Way, judge_way
from apps.metering.canary_rows import get_canary_broker, get_through
from apps.metering.models import Broker

LATE = timedelta(seconds=10)
FULL_PERCENT = 80


@dataclass(frozen=True, slots=True)
class SeenBroker:
    """A broker and its connection as a page shows them."""

    broker: Broker
    word: str
    tone: str
    since: str
    last_packet: str
    last_error: str
    messages: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the way, with its name; `tone` is empty, "main" or "warn"."""

    name: str
    value: str
    detail: str = ""
    tone: str = ""


def see_broker(broker: Broker, *, as_of: datetime) -> SeenBroker:
    status = get_broker_status(broker.pk)
    state = status.state if broker.enabled else BrokerState.DISABLED
    return SeenBroker(
        broker=broker,
        word=str(state.label),
        tone=BROKER_TONES[state],
        since=_("da %(span)s") % {"span": say_span(max(as_of - status.since, timedelta()))}
        if status.since and state == status.state
        else "",
        last_packet=say_age(status.last_packet_at, as_of=as_of) if status.last_packet_at else "",
        last_error=status.last_error if broker.enabled else "",
        messages="" if status.messages is None else whole(status.messages),
    )


def see_way() -> list[Tile]:
    """The listener, its spool, and the queue that the workers empty."""
    process, stream = get_process_status(), get_stream_status()
    tiles = [
        Tile(_("Ascolto"), _("in funzione"), tone="main") if process.alive else Tile(_("Ascolto"), _("non risponde"), tone="warn")
    ]
    if process.alive:
        lag = "–" if process.lag is None else say_milliseconds(process.lag)
        late = process.lag is not None and process.lag > LATE
        tiles.append(Tile(_("Ritardo della conferma"), lag, tone="warn" if late else ""))
        tiles.append(Tile(_("I messaggi vanno"), str(process.stage.label), tone=STAGE_TONES[process.stage]))
        disk = "" if process.disk_percent is None else _("disco pieno al %(percent)s %%") % {"percent": process.disk_percent}
        spool = "–" if process.spool_bytes is None else say_bytes(process.spool_bytes)
        full = bool(process.spool_bytes) or (process.disk_percent or 0) >= FULL_PERCENT
        tiles.append(Tile(_("Messaggi su disco"), spool, disk, "warn" if full else ""))
    if not stream.known:
        return [*tiles, Tile(_("Coda dei messaggi"), _("non risponde"), tone="warn")]
    age = stream.oldest_age
    waiting = "" if age is None else _("il più vecchio aspetta da %(span)s") % {"span": say_span(age)}
    length = stream.length or 0
    value = ngettext("%(count)s gruppo", "%(count)s gruppi", length) % {"count": whole(length)}
    return [*tiles, Tile(_("Coda dei messaggi"), value, waiting, "warn" if age is not None and age > LATE else "")]


def see_canary(*, as_of: datetime) -> Tile:
    """Whether a message of our own comes through from the broker to a row, or where it stays."""
    broker = get_canary_broker()
    if broker is None:
        way = Way(Leg.UNUSED)
    else:
        status = get_broker_status(broker.pk)
        way = judge_way(
            get_sung(), heard_at=status.last_canary_at, through=get_through(broker.pk), since=status.since, as_of=as_of
        )
    detail = way.error
    if way.took is not None:
        detail = detail or _("l'ultima è arrivata %(age)s, in %(took)s") % {
            "age": say_age(way.through_at, as_of=as_of),
            "took": say_milliseconds(way.took),
        }
    return Tile(_("Prova della via"), str(LEG_WORDS[way.leg]), detail, LEG_TONES.get(way.leg, "warn"))


def say_milliseconds(span: timedelta) -> str:
    """Milliseconds as long as they say something: "34 ms", "1.250 ms", then "12 s" or "5 min"."""
    if span > LATE:
        return say_span(span)
    return f"{whole(round(span / timedelta(milliseconds=1)))}\u00a0ms"


def say_bytes(count: int) -> str:
    """Bytes in steps of a thousand: "0 B", "12 kB", "3 MB"."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count}\u00a0{unit}"
        count //= 1000
    return f"{whole(count)}\u00a0GB"
