"""The frozen input of one settlement: everything that the rules may look at, and nothing else.

All energies are whole Wh, all prices whole µ€/MWh, all dates local (Europe/Rome), all rows in a canonical order
(`MonthInputs` says which), so that the same facts always make the same value whatever the order they arrived in.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray


class Kind(StrEnum):
    """The three lawful shapes of a configuration (settlement-rules 1)."""

    CER = "cer"
    GROUP = "group"
    REMOTE_SELF_CONSUMER = "remote_self_consumer"


class RunKind(StrEnum):
    """By which law a month is settled: GSE's estimate, what is known, what is certain, or as if it had never been."""

    ADVANCE = "advance"
    PROVISIONAL = "provisional"
    FINAL = "final"
    REVERSAL = "reversal"


class Voltage(StrEnum):
    """Connection voltage, from the lowest level up (RO p.142-144)."""

    LOW = "BT"
    MEDIUM = "MT"
    HIGH = "AT"
    EXTRA_HIGH = "AAT"


class Contribution(StrEnum):
    """The three sums of money that are kept on separate accounts (RO p.39)."""

    PREMIUM = "premium"
    VALORISATION = "valorisation"
    EXCESS = "excess"


class AmountSource(StrEnum):
    """Who found an amount that is split in place of the engine's own."""

    GSE_ADVANCE = "gse_advance"  # GSE's formula of the monthly advance (RO p.36, 40)
    GSE_PUBLISHED = "gse_published"  # what GSE published for the month


class Quality(IntEnum):
    """Where one slot of a curve comes from. One byte per slot.

    `PART_OF_HOUR` marks the second, third and fourth quarter of an hour whose source is hourly: the energy of the whole
    hour stands in its first slot, so nothing is invented and every hour still sums exactly.
    """

    MISSING = 0
    ESTIMATED = 1
    MEASURED = 2
    OFFICIAL = 3
    SUSPECT = 4
    PART_OF_HOUR = 5


@dataclass(frozen=True, slots=True)
class Point:
    """A metering point of the configuration for as long as one member holds it.

    `first_hour` (inclusive) and `last_hour` (exclusive) are indexes into the hours of the month: the validity
    `[valid_from, valid_to)` cut to the month (settlement-rules 2.3). Both 0 when it does not touch the month at all.
    `storage_efficiency` is set on the point of a storage system: its withdrawal counts times this share (RO p.144).
    """

    pod: str
    member: str
    member_kind: str
    voltage: Voltage
    valid_from: date
    valid_to: date | None
    first_hour: int
    last_hour: int
    storage_efficiency: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Plant:
    """One source behind one POD (settlement-rules 1). `power_kw` decides the tariff class."""

    code: str
    pod: str
    source: str
    power_kw: Decimal
    region: str
    market_zone: str
    entered_operation_on: date
    grant_intensity: Decimal = Decimal(0)
    obligation_power_kw: Decimal = Decimal(0)
    in_building: bool = True


@dataclass(frozen=True, slots=True)
class Injection:
    """Row i of `injected_wh`: what the plant injected through this point. Both are indexes into the tuples of the input."""

    point: int
    plant: int


@dataclass(frozen=True, slots=True)
class Deduction:
    account: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Split:
    """How one contribution is divided (settlement-rules 7). `fixed` maps member code -> share, summing to 1."""

    deductions: tuple[Deduction, ...]
    producers_percent: Decimal
    producers_key: str
    consumers_key: str
    fixed: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class ExcessSplit:
    """How the excess is divided (settlement-rules 5). None in `Distribution` means: all of it to `social_fund`."""

    social_fund_percent: Decimal
    consumers_key: str
    fixed: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    valid_from: date
    premium: Split
    valorisation: Split
    excess: ExcessSplit | None


@dataclass(frozen=True, slots=True)
class TariffClass:
    """Plants up to and including `max_power_kw` earn `base + max(0, reference - Pz)`, at most `cap` (RO p.148)."""

    max_power_kw: Decimal
    base_eur_per_mwh: Decimal
    cap_eur_per_mwh: Decimal


@dataclass(frozen=True, slots=True)
class RuleParameters:
    """The dated values of the law in force in the month. None where the law gives none: using it is an error."""

    tariff_classes: tuple[TariffClass, ...]
    price_reference_eur_per_mwh: Decimal
    regional_correction_eur_per_mwh: tuple[tuple[str, Decimal], ...]
    incentive_starts_on: date
    incentive_max_power_kw: Decimal
    grant_limit: Decimal
    grant_reduction_at_limit: Decimal
    grant_exempt_kinds: tuple[str, ...]
    existing_plants_in_cascade: bool
    trase_eur_per_mwh: Decimal | None
    btau_eur_per_mwh: Decimal | None
    avoided_losses_by_voltage: tuple[tuple[str, Decimal], ...]
    excess_threshold_without_grant: Decimal
    excess_threshold_with_grant: Decimal
    enterprise_kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class YearToDate:
    """What the earlier months of the calendar year already posted, per set of plants (settlement-rules 5)."""

    granted: bool
    injected_wh: int = 0
    incentivised_wh: int = 0
    premium_cents: int = 0
    excess_cents: int = 0


@dataclass(frozen=True, slots=True)
class GivenAmount:
    """What one contribution comes to, found by somebody else: it is split by the rules in place of the engine's own amount.

    The premium is given as it is split, without its excess, where the excess is given too; alone it includes it. `by_plant`
    (plant code, cents), sorted, tells how an amount came about: all plants of the input, summing to `cents`; or nothing.
    """

    contribution: Contribution
    cents: int
    source: AmountSource
    by_plant: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class MonthInputs:
    """One configuration and month, complete.

    Shapes, with P points, J injections, Z zones, H hours of the month and Q = 4 H quarters:
    `withdrawn_wh`, `withdrawn_quality` (P, Q) int32/uint8; `injected_wh`, `injected_quality` (J, Q) int32/uint8;
    `prices_ueur_per_mwh` (Z, H) int64 in the order of `zones`. Slots outside a point's hours are 0 and not looked at.

    Canonical order: `points` by (pod, valid_from, member); `plants` by code; `injections` by (point, plant); `zones` and
    `year_to_date` sorted; `members` by code: every member with a point in the configuration at any time or a fixed share;
    `given` by contribution, each at most once: a contribution that is not given is the engine's own.
    """

    configuration: str
    kind: Kind
    run_kind: RunKind
    year: int
    month: int
    members: tuple[tuple[str, str], ...]  # (code, kind)
    points: tuple[Point, ...]
    plants: tuple[Plant, ...]
    injections: tuple[Injection, ...]
    withdrawn_wh: NDArray[np.int32]
    withdrawn_quality: NDArray[np.uint8]
    injected_wh: NDArray[np.int32]
    injected_quality: NDArray[np.uint8]
    zones: tuple[str, ...]
    prices_ueur_per_mwh: NDArray[np.int64]
    distribution: Distribution
    parameters: RuleParameters
    year_to_date: tuple[YearToDate, ...] = ()
    accepted_missing: tuple[str, ...] = ()  # PODs whose missing hours a person accepted by name (final runs)
    given: tuple[GivenAmount, ...] = ()

    def given_amount(self, contribution: Contribution) -> GivenAmount | None:
        """Return what a contribution was given as, None when it is the engine's own."""
        return next((row for row in self.given if row.contribution is contribution), None)
