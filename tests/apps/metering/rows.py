"""Small rows for tests of measures: registered PODs, files, and curves said by hand."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import numpy as np

from apps.communities.models import Community, Configuration, Member, MeteringPoint
from apps.engine.calendar import day_starts_at, quarters_in_day
from apps.engine.inputs import Quality
from apps.metering.curve_operations import Stored, store_curves
from apps.metering.models import Channel, DayCurve, Source
from apps.metering.packing import WIDTH
from apps.metering.statements import CurveStatements

AS_OF = datetime(2023, 4, 3, 10, 0, tzinfo=UTC)
LATER = AS_OF + timedelta(days=1)
HEADER = "pod;starts_at;injected_kwh;withdrawn_kwh"
PODS = tuple(f"IT001E0000000{n}" for n in range(1, 6))
A, B, C = PODS[:3]
DAY = date(2023, 3, 1)


def register_pods(pods: Iterable[str] = PODS) -> None:
    community = Community.objects.create(code="CER-T", name="CER di prova", tax_code="12345678903")
    configuration = Configuration.objects.create(
        community=community, code="CER-T-A", kind="cer", primary_substation="AC001E00001", starts_on=date(2023, 1, 1)
    )
    member = Member.objects.create(community=community, code="M1", name="Socio", kind="household")
    for pod in pods:
        MeteringPoint.objects.create(pod=pod, configuration=configuration, member=member, valid_from=date(2023, 1, 1))


def stamp(day: date, quarter: int) -> str:
    """The start of a quarter of a local day, in UTC."""
    return (day_starts_at(day) + timedelta(minutes=15 * quarter)).isoformat()


def quarter_rows(pod: str, day: date, *, injected: str = "0", withdrawn: str = "0.125") -> list[str]:
    """A whole day by the quarter."""
    return [f"{pod};{stamp(day, n)};{injected};{withdrawn}" for n in range(quarters_in_day(day))]


def hour_rows(pod: str, day: date, *, injected: str = "0", withdrawn: str = "0.500") -> list[str]:
    """A whole day by the hour."""
    return [f"{pod};{stamp(day, n)};{injected};{withdrawn}" for n in range(0, quarters_in_day(day), 4)]


def say(
    pod: str,
    day: date,
    energy: dict[int, int],
    *,
    channel: Channel = Channel.WITHDRAWN,
    quality: Quality = Quality.MEASURED,
    hours: bool = False,
) -> CurveStatements:
    """State quarters {slot: Wh} of one curve; with `hours`, each slot starts an hour that is stated as a whole."""
    values = np.zeros((1, WIDTH), np.int32)
    marks = np.zeros((1, WIDTH), np.uint8)
    stated = np.zeros((1, WIDTH), np.bool_)
    for slot, wh in energy.items():
        values[0, slot], marks[0, slot], stated[0, slot] = wh, quality, True
        if hours:
            stated[0, slot : slot + 4] = True
            marks[0, slot + 1 : slot + 4] = Quality.MISSING if quality == Quality.MISSING else Quality.PART_OF_HOUR
    return CurveStatements(
        pod_keys=np.array([pod], "S14"),
        days=np.array([day], "datetime64[D]"),
        channels=np.array([channel.value], np.int16),
        values=values,
        quality=marks,
        stated=stated,
    )


def store(
    pod: str,
    day: date,
    energy: dict[int, int],
    *,
    source: Source = Source.OFFICIAL,
    channel: Channel = Channel.WITHDRAWN,
    quality: Quality = Quality.MEASURED,
    hours: bool = False,
    as_of: datetime = AS_OF,
) -> Stored:
    said = say(pod, day, energy, channel=channel, quality=quality, hours=hours)
    return store_curves(said=said, source=source, as_of=as_of)


def stored_bytes() -> list[tuple[object, ...]]:
    """Everything that is stored of curves, byte for byte, but for when."""
    rows = DayCurve.objects.order_by("pod_key", "day", "channel", "source")
    return [(row.pod_key, row.day, row.channel, row.source, row.minutes, bytes(row.values), bytes(row.quality)) for row in rows]
