"""What was stored, against what was truly said: sets, never counts alone."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psycopg

from apps.engine.telemetry import Message, Parsed, parse_batch
from apps.metering.raw import decode_batch, decompress
from tests.faults.load import BASE_MILLIWH, Sent, key_of, read_load

_READINGS = """
SELECT d.key, (extract(epoch FROM r.measured_at) * 1000000)::bigint, r.register_milliwh
FROM metering_reading r JOIN metering_registerseries s ON s.id = r.series_id JOIN metering_device d ON d.id = s.device_id
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`lost`: acknowledged, not stored. `duplicated`: a row more than once or never sent, a message counted more than once.

    `redelivered` are messages that the broker gave twice: QoS 1 allows it, and they are counted as what they are.
    """

    messages: int
    lost: int
    duplicated: int
    redelivered: int
    reasons: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.lost and not self.duplicated


def count(database_url: str, load: Path) -> Outcome:
    """Compare the load's file with readings, journal and states."""
    said = read_load(load)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(_READINGS).fetchall()
        journal: Counter[str] = Counter()
        messages = 0
        with connection.cursor("journal") as cursor:
            cursor.execute("SELECT content FROM metering_rawbatch")
            for (content,) in cursor:
                batch = decode_batch(decompress(bytes(content)))
                messages += len(batch.messages)
                parsed = parse_batch(Message(m.topic, m.payload, m.received_us) for m in batch.messages)
                journal.update(one.source.key for one in parsed if isinstance(one, Parsed))
        states: dict[str, int] = dict(
            connection.execute(
                "SELECT d.key, s.messages FROM metering_devicestate s JOIN metering_device d ON d.id = s.device_id"
            ).fetchall()
        )
        letters = connection.execute("SELECT topic, reason FROM metering_deadletter").fetchall()
    return _compared(said, Counter(rows), journal, states, messages, [f"{reason} on {topic}" for topic, reason in letters])


def _compared(
    said: Sent,
    rows: Counter[tuple[str, int, int]],
    journal: Counter[str],
    states: dict[str, int],
    messages: int,
    letters: list[str],
) -> Outcome:
    must = {_row(number, said.sent[number]) for number in said.acknowledged}
    may = {_row(number, measured_us) for number, measured_us in said.sent.items()}
    lost, invented = must - set(rows), set(rows) - may
    twice = sum(times - 1 for times in rows.values())
    counted = {key: states.get(key, 0) - journal[key] for key in {*states, *journal}}
    too_many, too_few = sum(max(0, n) for n in counted.values()), sum(max(0, -n) for n in counted.values())
    reasons = [f"dead letter: {letter}" for letter in letters]
    reasons += [f"lost: message {row[2] - BASE_MILLIWH} of {row[0]}" for row in sorted(lost)[:5]]
    reasons += [f"never sent: {row}" for row in sorted(invented)[:5]]
    reasons += [f"{twice} rows stand more than once"] if twice else []
    reasons += [f"{too_many} messages were counted more than once"] if too_many else []
    reasons += [f"{too_few} messages of the journal were not counted"] if too_few else []
    return Outcome(
        messages=len(must),
        lost=len(lost) + too_few,
        duplicated=len(invented) + twice + too_many,
        redelivered=messages - len(set(rows)),
        reasons=tuple(reasons),
    )


def _row(number: int, measured_us: int) -> tuple[str, int, int]:
    return key_of(number), measured_us, BASE_MILLIWH + number
