"""The rules of payloads.md once more, reading by reading, in fractions: slow, written apart from the engine, to compare with."""

from dataclasses import dataclass, field
from fractions import Fraction

from apps.engine.inputs import Quality

S = 1_000_000
QUARTER = 900 * S
HOUR = 3600 * S
YEAR_2020 = 1_577_836_800 * S


def half_up_wh(milliwh: Fraction) -> int:
    return (milliwh / 1000 + Fraction(1, 2)).__floor__()


def may_rise(power_w: int, elapsed_us: int) -> int:
    elapsed_ms = min(elapsed_us, 365 * 24 * HOUR) // 1000
    return Fraction(power_w * elapsed_ms, 3600).__floor__() + 10_000


@dataclass
class Result:
    values: list[int]
    quality: list[int]
    notes: list[tuple] = field(default_factory=list)


class Series:
    """One series: `readings` are (measured_us, received_us, register_milliwh)."""

    def __init__(self, readings: list[tuple[int, int, int]], power_w: int, in_doubt: bool = False) -> None:
        self.power_w = power_w
        self.in_doubt = in_doubt
        self.notes: set[tuple] = set()
        self.rows = self._strays(self._ordered(readings))
        self.parts = self._parts()

    def lawful(self, a: tuple[int, int], b: tuple[int, int]) -> bool:
        return 0 <= b[1] - a[1] <= may_rise(self.power_w, b[0] - a[0])

    def _ordered(self, readings: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
        instants: dict[int, set[int]] = {}
        for at, received, register in readings:
            if not YEAR_2020 <= at <= received + 300 * S:
                self.notes.add((at, at, "stamp", None, register))
            elif not 0 <= register <= 10**15:
                self.notes.add((at, at, "register", None, register))
            else:
                instants.setdefault(at, set()).add(register)
        rows: list[tuple[int, int]] = []
        before = 0
        for at in sorted(instants):
            registers = sorted(instants[at])
            chosen = next((register for register in registers if register >= before), registers[0])
            self.notes |= {(at, at, "conflict", None, register) for register in registers if register != chosen}
            rows.append((at, chosen))
            before = registers[0]
        return rows

    def _strays(self, rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
        low: set[int] = set()
        for i in range(len(rows) - 1):
            if rows[i + 1][1] < rows[i][1]:
                later = [k for k in range(i + 2, min(i + 10, len(rows))) if rows[k][0] <= rows[i + 1][0] + 5 * S]
                back = next((k for k in later if rows[k][1] >= rows[i][1]), None)
                if back is not None and self.lawful(rows[i], rows[back]):
                    low |= set(range(i + 1, back))
        self.notes |= {(rows[i][0], rows[i][0], "glitch", None, rows[i][1]) for i in low}
        rows = [row for i, row in enumerate(rows) if i not in low]
        strays = set()
        for i in range(1, len(rows) - 1):
            a, b, c = rows[i - 1 : i + 2]
            there_and_back = (b[1] < a[1] and c[1] > b[1]) or (b[1] > a[1] and c[1] < b[1])
            unlawful = not self.lawful(a, b) and not self.lawful(b, c)
            steady = i < 2 or self.lawful(rows[i - 2], a)
            if there_and_back and unlawful and steady and self.lawful(a, c):
                strays.add(i)
        self.notes |= {(rows[i][0], rows[i][0], "outlier", None, rows[i][1]) for i in strays}
        self.outliers = [rows[i][0] for i in sorted(strays)]
        return [row for i, row in enumerate(rows) if i not in strays]

    def _thousandfold(self, a: tuple[int, int], b: tuple[int, int]) -> bool:
        old, new = (a[1], b[1] // 1000) if b[1] > a[1] else (a[1] // 1000, b[1])
        most = min(may_rise(self.power_w, b[0] - a[0]), old // 50)
        return min(old, new) >= 1_000_000 and -10_000 <= new - old <= most

    def _parts(self) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
        parts = []
        doubt = self.in_doubt
        for a, b in zip(self.rows, self.rows[1:], strict=False):
            elapsed = b[0] - a[0]
            if not self.lawful(a, b) and self._thousandfold(a, b):
                kind, doubt = "unit_change", not doubt
            elif b[1] < a[1]:
                kind = "reset"
            elif not self.lawful(a, b):
                kind = "jump"
            elif doubt:
                kind = "doubt"
            elif elapsed > 24 * HOUR:
                kind = "long_gap"
            elif elapsed > HOUR // 2:
                kind = "gap"
            else:
                kind = "measured"
            parts.append((kind, a, b))
            if kind != "measured":
                energy = None if kind in ("reset", "unit_change") else half_up_wh(Fraction(b[1])) - half_up_wh(Fraction(a[1]))
                self.notes.add((a[0], b[0], kind, energy, None))
        return parts

    def quarters(self, starts_us: int, count: int) -> Result:
        result = Result([], [])
        for q in range(count):
            opens, closes = starts_us + q * QUARTER, starts_us + (q + 1) * QUARTER
            value = covered = 0
            kinds = set()
            for kind, a, b in self.parts:
                low, high = max(a[0], opens), min(b[0], closes)
                if low >= high:
                    continue
                kinds.add(kind)
                if kind in ("measured", "gap"):
                    slope = Fraction(b[1] - a[1], b[0] - a[0])
                    value += half_up_wh(a[1] + slope * (high - a[0])) - half_up_wh(a[1] + slope * (low - a[0]))
                    covered += high - low
            suspect = bool(kinds & {"jump", "doubt"}) or any(opens <= at < closes for at in self.outliers)
            if value > -(-self.power_w // 4) + 11:
                self.notes.add((opens, closes, "impossible", value, None))
                value, suspect = 0, True
            full = covered == QUARTER and "gap" not in kinds
            result.values.append(value)
            result.quality.append(
                Quality.SUSPECT
                if suspect
                else Quality.MISSING
                if not covered
                else Quality.MEASURED
                if full
                else Quality.ESTIMATED
            )
        ends_us = starts_us + count * QUARTER
        result.notes = sorted(
            (note for note in self.notes if note[0] < ends_us and (note[1] > starts_us or note[0] >= starts_us)),
            key=lambda note: (note[0], note[1], note[2], note[3] or 0, note[4] or 0),
        )
        return result

    def epochs(self) -> list[tuple[int, int, int, int]]:
        """Return (from_us, to_us, first_wh, last_wh) of every stretch without reset or change of unit."""
        found: list[tuple[int, int, int, int]] = []
        start = self.rows[0] if self.rows else None
        for kind, a, b in self.parts:
            if kind in ("reset", "unit_change"):
                found.append((start[0], a[0], half_up_wh(Fraction(start[1])), half_up_wh(Fraction(a[1]))))  # type: ignore[index]
                start = b
        if start:
            last = self.rows[-1]
            found.append((start[0], last[0], half_up_wh(Fraction(start[1])), half_up_wh(Fraction(last[1]))))
        return found
