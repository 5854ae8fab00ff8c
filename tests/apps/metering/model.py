"""The import of measures once more, row by row with dictionaries: what the fast one is held against.

Nothing is shared with it but the parser of single lines, which has tests of its own.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apps.engine.inputs import Quality
from apps.metering.measures_file.dialect import Dialect
from apps.metering.measures_file.lines import LineRejected, parse_line
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.rejects import Reason

ROME = ZoneInfo("Europe/Rome")
WITHDRAWN, INJECTED = 1, 2
NOTHING = (0, Quality.MISSING)
Slot = tuple[int, int]
Curve = dict[int, Slot]


def place(seconds: int) -> tuple[date, int, int]:
    """Local day, quarter of the day, quarters in the day."""
    at = datetime.fromtimestamp(seconds, UTC)
    day = at.astimezone(ROME).date()
    starts = datetime(day.year, day.month, day.day, tzinfo=ROME)
    following = date.fromordinal(day.toordinal() + 1)
    ends = datetime(following.year, following.month, following.day, tzinfo=ROME)
    length = int((ends.astimezone(UTC) - starts.astimezone(UTC)).total_seconds()) // 900
    return day, int((at - starts.astimezone(UTC)).total_seconds()) // 900, length


@dataclass
class Model:
    """Curves of one source by (POD, day, channel), and what the last file did."""

    pods: tuple[str, ...]
    curves: defaultdict[tuple[str, date, int], Curve] = field(default_factory=lambda: defaultdict(dict))

    def import_lines(self, lines: Iterable[str], dialect: Dialect) -> dict[str, Any]:
        """Take a file; give its counts and rejects as (line, reason)."""
        pods = RegisteredPods(self.pods)
        rejects, read = [], 0
        rows: list[tuple[int, str, date, int, dict[int, Slot]]] = []
        said: dict[tuple[str, date, int, int], Slot] = {}
        seen: defaultdict[tuple[str, date], set[int]] = defaultdict(set)
        lengths: dict[date, int] = {}
        for number, line in enumerate(lines, start=2):
            try:
                parsed = parse_line(line, dialect, pods)
            except LineRejected as error:
                rejects.append((number, error.reason))
                read += 1
                continue
            if parsed is None:
                continue
            read += 1
            position, seconds, injected, withdrawn, quality = parsed
            pod = pods.keys[position]
            day, slot, lengths[day] = place(seconds)
            cells = {INJECTED: (injected, quality), WITHDRAWN: (withdrawn, quality)}
            cells = {channel: cell for channel, cell in cells.items() if cell[0] >= 0}
            if any(said.get((pod, day, channel, slot), cell) != cell for channel, cell in cells.items()):
                rejects.append((number, Reason.CONFLICT))
                continue
            seen[pod, day].add(slot)
            fresh = {channel: cell for channel, cell in cells.items() if (pod, day, channel, slot) not in said}
            said.update({(pod, day, channel, slot): cell for channel, cell in fresh.items()})
            rows.append((number, pod, day, slot, fresh))
        by_quarter = {pod for (pod, _day), slots in seen.items() if any(slot % 4 for slot in slots)}
        verdicts: dict[int, str] = {}
        for (pod, day), slots in seen.items():
            mine = [row for row in rows if row[1:3] == (pod, day)]
            energies = {slot for _n, _p, _d, slot, fresh in mine if any(cell[1] != Quality.MISSING for cell in fresh.values())}
            hours, refused = self._resolve(pod, day, slots, energies, lengths[day], pod in by_quarter)
            for number, _pod, _day, slot, fresh in mine:
                if fresh and slot in refused:
                    rejects.append((number, Reason.MIXED))
                    verdicts[number] = "rejected"
            kept = [row for row in mine if verdicts.get(row[0]) != "rejected"]
            verdicts.update(self._apply(pod, day, hours, kept))
        counted = list(verdicts.values())
        new, changed = counted.count("new"), counted.count("changed")
        return {
            "read": read,
            "new": new,
            "changed": changed,
            "unchanged": read - len(rejects) - new - changed,
            "rejects": sorted(rejects),
        }

    def _form(self, pod: str, day: date, hour: int) -> str | None:
        """How an hour is stored: `whole`, `quarters` or not at all."""
        slots = [self.curves[pod, day, channel].get(4 * hour + n, NOTHING) for channel in (WITHDRAWN, INJECTED) for n in range(4)]
        if any(quality == Quality.PART_OF_HOUR for _wh, quality in slots):
            return "whole"
        return "quarters" if any(quality != Quality.MISSING for _wh, quality in slots) else None

    def _resolve(
        self, pod: str, day: date, slots: set[int], energies: set[int], length: int, by_quarter: bool
    ) -> tuple[set[int], set[int]]:
        """Which hours are stated as a whole, and which first quarters are refused as mixed."""
        hours = set(range(length // 4))
        stored = {hour: self._form(pod, day, hour) for hour in hours}
        if any(slot % 4 for slot in slots):
            bare = {hour for hour in hours if {slot - 4 * hour for slot in slots if slot // 4 == hour} == {0}}
            bare = {hour for hour in bare if 4 * hour in energies and stored[hour] != "quarters"}
            return set(), {4 * hour for hour in bare} if len(bare) >= 2 else set()
        if slots == {4 * hour for hour in hours}:
            return hours, set()
        forms = set(stored.values()) - {None}
        if forms:
            rest = "quarters" if "quarters" in forms else "whole"
            return {hour for hour in hours if (stored[hour] or rest) == "whole"}, set()
        return (set(), set()) if by_quarter else (hours, set())

    def _apply(self, pod: str, day: date, hours: set[int], rows: list) -> dict[int, str]:
        before = {channel: dict(self.curves[pod, day, channel]) for channel in (WITHDRAWN, INJECTED)}
        swept: set[tuple[int, int]] = set()
        for _number, _pod, _day, slot, fresh in rows:
            for channel in fresh:
                hour = slot // 4
                was_whole = any(before[channel].get(4 * hour + n, NOTHING)[1] == Quality.PART_OF_HOUR for n in range(4))
                if was_whole or hour in hours:
                    swept.add((channel, hour))
        for channel, hour in swept:
            for n in range(4):
                self.curves[pod, day, channel].pop(4 * hour + n, None)
        for _number, _pod, _day, slot, fresh in rows:
            for channel, (wh, quality) in fresh.items():
                curve = self.curves[pod, day, channel]
                curve[slot] = (0 if quality == Quality.MISSING else wh, quality)
                if slot // 4 in hours and quality != Quality.MISSING:
                    curve.update({slot + n: (0, Quality.PART_OF_HOUR) for n in (1, 2, 3)})
        verdicts = {}
        for number, _pod, _day, slot, fresh in rows:
            found = {
                self._judge(before[channel], self.curves[pod, day, channel], slot, (channel, slot // 4) in swept)
                for channel in fresh
            }
            verdicts[number] = "changed" if "changed" in found else "new" if "new" in found else "unchanged"
        return verdicts

    @staticmethod
    def _judge(before: Curve, after: Curve, slot: int, whole_hour: bool) -> str:
        slots = range(slot // 4 * 4, slot // 4 * 4 + 4) if whole_hour else [slot]
        if all(before.get(n, NOTHING) == after.get(n, NOTHING) for n in slots):
            return "unchanged"
        return "new" if all(before.get(n, NOTHING)[1] == Quality.MISSING for n in slots) else "changed"

    def known(self) -> dict[tuple[str, date, int], Curve]:
        """Every curve with the quarters that are known."""
        found = {
            key: {slot: (wh, int(quality)) for slot, (wh, quality) in curve.items() if quality != Quality.MISSING}
            for key, curve in self.curves.items()
        }
        return {key: curve for key, curve in found.items() if curve}
