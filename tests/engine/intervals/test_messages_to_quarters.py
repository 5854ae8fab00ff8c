"""From the bytes of every vendor to the bytes of the curves: any order, any number of times, the same."""

import hashlib
import random
from collections import defaultdict
from datetime import UTC, datetime

from apps.engine.inputs import Quality
from apps.engine.intervals import QUARTER_US, Span, quarters_of
from apps.engine.telemetry import Channel, Message, Parsed, parse_batch
from tests.engine.intervals.oracle import S
from tests.engine.intervals.streams import DAY_US, Rows, readings_of

SPAN = Span(DAY_US, 4)
MINUTES = range(-16, 77)
Key = tuple[str, str, str, Channel]


def messages() -> list[Message]:
    """An hour and a half of one meter per vendor, 3 kW each, a reading a minute."""
    made = []
    for minute in MINUTES:
        at_us = DAY_US + minute * 60 * S
        wh = 5_000 + minute * 50
        kwh = f"{wh // 1000}.{wh % 1000:03d}"
        at = datetime.fromtimestamp(at_us // S, UTC)
        local = f"2026-09-{7 if minute >= 0 else 6:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00"
        for topic, body in (
            ("p/IT001E00000001/meter-1/status/emdata:0", f'{{"id":0,"total_act":{wh}.25,"total_act_ret":0.00}}'),
            (
                "p/IT001E00000002/meter-2/events/rpc",
                f'{{"src":"meter-2","params":{{"ts":{at_us // S}.00,"em1data:1":{{"total_act_energy":{wh}}}}}}}',
            ),
            ("shellies/meter-3/emeter/0/total", f"{wh}.0"),
            ("tele/meter-4/SENSOR", f'{{"Time":"{local}","ENERGY":{{"Total":{kwh}}}}}'),
            ("huawei-solar/meter-5", f'{{"energy_yield_accumulated":{kwh},"last_update":{at_us // S}}}'),
            (
                "energy/plant/1/device/meter-6/measurements",
                f'{{"device_id":"meter-6","timestamp":"{at.isoformat()}","measurements":{{"energy_consumed":{kwh}}}}}',
            ),
            ("p/IT001E00000001/meter-1/online", "true"),
            ("p/IT001E00000001/meter-1/status/emdata:0", "{broken"),
        ):
            made.append(Message(topic, body.encode(), at_us))
    return made


def curves(given: list[Message]) -> dict[Key, tuple[list[int], list[int], str]]:
    series: dict[Key, Rows] = defaultdict(list)
    for parsed in parse_batch(given):
        if isinstance(parsed, Parsed):
            for row in parsed.registers:
                key = (parsed.source.vendor, parsed.source.key, row.component, row.channel)
                series[key].append((parsed.measured_us, parsed.received_us, row.register_milliwh))
    keys = sorted(series)
    found = quarters_of(readings_of([series[key] for key in keys]), SPAN)
    hashes = [hashlib.sha256(found.values_wh[i].tobytes() + found.quality[i].tobytes()).hexdigest() for i in range(len(keys))]
    return {
        key: (found.values_wh[i].tolist(), found.quality[i].tolist(), hashes[i]) for i, key in enumerate(keys) if not found.notes
    }


def test_every_vendor_counts_the_same_energy():
    found = curves(messages())
    assert {vendor for vendor, _, _, _ in found} == {"shelly", "shelly_gen1", "tasmota", "huawei", "native"}
    assert len(found) == 7
    for (_, _, _, channel), (values, quality, _) in found.items():
        assert values == ([0] * 4 if channel is Channel.EXPORT else [750] * 4)
        assert quality == [Quality.MEASURED] * 4
    assert SPAN.ends_us - SPAN.starts_us == 4 * QUARTER_US


def test_messages_in_any_order_and_any_number_make_the_same_bytes():
    made, wanted = messages(), curves(messages())
    for seed in range(40):
        random_ = random.Random(seed)
        again = made + random_.choices(made, k=random_.randrange(1, len(made)))
        random_.shuffle(again)
        assert curves(again) == wanted
