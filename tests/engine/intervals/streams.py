"""Readings as devices send them, lawful or not, from a seed; and the frozen input made of them."""

import random
from collections.abc import Sequence

import numpy as np

from apps.engine.intervals import Note, QuarterSeries, Readings
from tests.engine.intervals.oracle import S

Rows = list[tuple[int, int, int]]
DAY_US = 1_788_732_000 * S
"""2026-09-07 00:00 in Rome."""


def readings_of(series: Sequence[Rows], power_w: int | Sequence[int] = 6000, in_doubt: Sequence[bool] | None = None) -> Readings:
    rows = np.array([row for one in series for row in one], np.int64).reshape(-1, 3)
    starts = np.cumsum([0, *(len(one) for one in series)]).astype(np.int64)
    powers = [power_w] * len(series) if isinstance(power_w, int) else list(power_w)
    at, received, register = (np.ascontiguousarray(rows[:, i]) for i in range(3))
    doubts = None if in_doubt is None else np.array(in_doubt, np.bool_)
    return Readings(starts, at, received, register, np.array(powers, np.int64), doubts)


def every(seconds: int, milliwh: Sequence[int], starts_us: int = DAY_US) -> Rows:
    """One register reading every so many seconds, received half a second later."""
    return [(starts_us + i * seconds * S, starts_us + i * seconds * S + S // 2, value) for i, value in enumerate(milliwh)]


def lawful_stream(random_: random.Random, starts_us: int, ends_us: int, power_w: int = 6000, gaps: bool = True) -> Rows:
    """A register that rises within the power, at uneven instants, sometimes in coarse steps, sometimes silent for long."""
    cadence = random_.choice([10, 60, 60, 300, 900, 1500])
    at = starts_us + random_.randrange(60 * S)
    register = random_.randrange(10**9)
    coarse = random_.choice([1, 1, 10, 1000, 10_000])
    rows: Rows = []
    while at < ends_us:
        shown = register // coarse * coarse
        rows.append((at, at + random_.randrange(3 * S), shown))
        if gaps and random_.random() < 0.02:
            step = random_.choice([31 * 60, 3 * 3600, 23 * 3600, 25 * 3600, 30 * 60, 24 * 3600]) * S
        else:
            step = random_.randrange(cadence * S // 2, cadence * S * 3 // 2)
        step += random_.choice([0, 0, 1, 999])
        register += random_.choice([0, random_.randrange(power_w + 1), power_w]) * step // 3_600_000
        at += step
    return rows


UNITS = ("unit", "back")
DISTURBANCES = ("reset", "zero", "glitch", "up", "jump", "conflict", "stamp", "negative", "drop", "run", *UNITS)


def disturbed(random_: random.Random, rows: Rows, disturbances: int, without: Sequence[str] = ()) -> Rows:
    """The same with resets, zeros, glitches, outliers, jumps, changes of unit, conflicts and impossible stamps mixed in."""
    rows = list(rows)
    for _ in range(disturbances if rows else 0):
        place = random_.randrange(len(rows))
        at, received, register = rows[place]
        near = at + random_.choice([1, S, 4 * S, 7 * S])
        match random_.choice([kind for kind in DISTURBANCES if kind not in without]):
            case "reset":
                rows[place:] = [(a, b, max(r - register, 0) if a >= at else r) for a, b, r in rows[place:]]
            case "zero":
                rows[place] = (at, received, 0)
            case "glitch":
                rows += [(near, near + S, random_.choice([0, register // 2])), (near + 2 * S, near + 3 * S, register)]
            case "up":
                rows.append((near, near + S, register + 10**11))
            case "jump":
                rows = [(a, b, r + 10**9 if a >= at else r) for a, b, r in rows]
            case "unit":
                rows = [(a, b, r * 1000 if a >= at and r < 10**11 else r) for a, b, r in rows]
            case "back":
                rows = [(a, b, r // 1000 if a >= at and r > 10**10 else r) for a, b, r in rows]
            case "conflict":
                rows.append((at, received, random_.choice([0, max(register - 1, 0), register + 1, register + 10**12])))
            case "stamp":
                stamps = [12 * S, received + 301 * S, received + 300 * S, 4_070_908_800 * S, min(at * 10**3, 2**62)]
                rows.append((random_.choice(stamps), received, register))
            case "negative":
                rows.append((near, near + S, random_.choice([-1, 10**15 + 1])))
            case "drop":
                del rows[place : place + random_.randrange(1, 40)]
            case "run":
                rows += [(at + i * S // 3, at + S * 9, random_.choice([register, register // 3, 0])) for i in range(1, 14)]
        if not rows:
            break
    return rows


def same(a: QuarterSeries, b: QuarterSeries) -> bool:
    return (a.values_wh.tobytes(), a.quality.tobytes(), a.notes) == (b.values_wh.tobytes(), b.quality.tobytes(), b.notes)


def plain(notes: Sequence[Note], series: int) -> list[tuple]:
    """The notes of one series in the oracle's form."""
    return [
        (note.from_us, note.to_us, note.kind.value, note.energy_wh, note.register_milliwh)
        for note in notes
        if note.series == series
    ]
