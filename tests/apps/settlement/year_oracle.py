"""A year of the village worked out from settlement-rules alone, in exact fractions: nothing here is imported from the program.

One plant of 99.9 kW (PV, Lombardia, no grant) of M1, an enterprise; two households M2 and M3. Every day of a month is the same:
the plant injects from 10 to 14, the households draw all day, so only these four hours are shared. Prices are flat per month.
"""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
HOURS, QUARTERS = 4, 4
TRASE = Fraction("8.48")
# Rules 6: P × H/12 × 0.60 × (BASE + 20 + FC), and × TRASE for the valorisation.
ADVANCE_KWH = Fraction("99.9") * 900 / 12 * Fraction("0.60")
Payee = tuple[str, str]  # contribution, member or account


@dataclass(frozen=True)
class Known:
    """What is known of a month. Wh are per quarter; M2's meter is silent on the first `silent_days`, which count as nothing."""

    price: int
    injected_wh: int
    first_wh: int
    second_wh: int
    silent_days: int = 0


def half_up(value: Fraction) -> int:
    """To the cent, half-up; below zero it mirrors."""
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def divide(amount: int, weights: dict[str, int]) -> dict[str, int]:
    """Largest remainder, the lower code first; below zero it mirrors; nothing when nobody has a weight."""
    total = sum(weights.values())
    if not total:
        return {}
    sign, amount = (1, amount) if amount >= 0 else (-1, -amount)
    exact = {code: Fraction(amount * weight, total) for code, weight in weights.items()}
    parts = {code: int(part) for code, part in exact.items()}
    for code in sorted(exact, key=lambda code: (parts[code] - exact[code], code))[: amount - sum(parts.values())]:
        parts[code] += 1
    return {code: sign * part for code, part in parts.items()}


class Month:
    """Energy and gross premium of one month (rules 2 to 4)."""

    def __init__(self, number: int, known: Known) -> None:
        self.injected = self.shared = 0
        self.coincident = {"M2": 0, "M3": 0}
        for day in range(DAYS[number - 1]):
            draws = {"M2": 0 if day < known.silent_days else QUARTERS * known.first_wh, "M3": QUARTERS * known.second_wh}
            injected = QUARTERS * known.injected_wh
            shared = min(injected, sum(draws.values()))
            for code, part in divide(shared, draws).items():
                self.coincident[code] += HOURS * part
            self.injected += HOURS * injected
            self.shared += HOURS * shared
        tariff = min(120, 80 + max(0, 180 - known.price)) + 10
        self.gross = half_up(Fraction(self.shared * tariff, 10_000))
        self.valorisation = half_up(self.shared * TRASE / 10_000)


class YearOracle:
    """The year so far. Each approval says what a month is known as now; what it posts to the excess follows from rules 5."""

    def __init__(self) -> None:
        self.months: dict[int, Month] = {}
        self.advances: set[int] = set()
        self.excess: dict[int, int] = {}

    def approve(self, number: int, kind: str, known: Known) -> None:
        follows = number in self.months
        self.months[number] = Month(number, known)
        if kind == "advance":
            self.advances.add(number)
            self.excess[number] = 0
            return
        self.advances.discard(number)
        counted = [other for other in self.months if other not in self.advances and (follows or other <= number)]
        self.excess[number] = self.annual_excess(counted) - sum(self.excess[other] for other in counted if other != number)

    def annual_excess(self, numbers: list[int]) -> int:
        injected = sum(self.months[number].injected for number in numbers)
        shared = sum(self.months[number].shared for number in numbers)
        points = max(Fraction(0), Fraction(shared, injected) - Fraction(55, 100)) if injected else Fraction(0)
        return half_up(points * sum(self.months[number].gross for number in numbers))

    def postings(self) -> dict[Payee, int]:
        """What the whole year comes to, per contribution and member or account (rules 7)."""
        found: dict[Payee, int] = defaultdict(int)
        for number, month in self.months.items():
            premium, valorisation = month.gross - self.excess[number], month.valorisation
            if number in self.advances:
                premium, valorisation = half_up(ADVANCE_KWH * 110 / 10), half_up(ADVANCE_KWH * TRASE / 10)
            self._split_premium(found, premium, month)
            self._share(found, "valorisation", valorisation, month, "undistributed")
            fund = half_up(Fraction(self.excess[number], 2))
            found["excess", "social_fund"] += fund
            self._share(found, "excess", self.excess[number] - fund, month, "social_fund")
        return {payee: cents for payee, cents in found.items() if cents}

    def _split_premium(self, found: dict[Payee, int], premium: int, month: Month) -> None:
        management = half_up(Fraction(premium, 10))
        producers = half_up(Fraction(premium - management, 2))
        found["premium", "management"] += management
        found["premium", "M1" if month.injected else "undistributed"] += producers
        self._share(found, "premium", premium - management - producers, month, "undistributed")

    def _share(self, found: dict[Payee, int], contribution: str, cents: int, month: Month, otherwise: str) -> None:
        parts = divide(cents, month.coincident) or {otherwise: cents}
        for payee, part in parts.items():
            found[contribution, payee] += part
