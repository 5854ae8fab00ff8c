"""The frozen result of one settlement: energies in whole Wh, money in whole cents, in canonical order."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Contribution


@dataclass(frozen=True, slots=True)
class MissingHours:
    """`hours` of this POD were not known and counted as 0 Wh."""

    pod: str
    hours: int


@dataclass(frozen=True, slots=True)
class PlantResult:
    """One plant, in cascade order.

    `taken_wh` is what the cascade gave it; `incentivised_wh` the same if it earns the premium, else 0; `exempt_wh` the part
    of it on which the grant reduction does not bite. `reduction` is F, `obligation_share` the share of energy that earns.
    `correction_ueur_per_mwh` is FC. `not_incentivised_because` is "" or the reason in one machine word
    (`existing`, `too_large`, `grant_too_high`, `not_renewable`).
    """

    code: str
    injected_wh: int
    taken_wh: int
    incentivised_wh: int
    exempt_wh: int
    premium_cents: int
    base_ueur_per_mwh: int
    cap_ueur_per_mwh: int
    correction_ueur_per_mwh: int
    reduction: Fraction
    obligation_share: Fraction
    not_incentivised_because: str


@dataclass(frozen=True, slots=True)
class MemberResult:
    """One member. `incentivised_wh` is what the cascade gave to its plants that earn the premium."""

    code: str
    injected_wh: int
    withdrawn_wh: int
    shared_wh: int
    incentivised_wh: int
    premium_cents: int
    valorisation_cents: int
    excess_cents: int

    @property
    def total_cents(self) -> int:
        return self.premium_cents + self.valorisation_cents + self.excess_cents


@dataclass(frozen=True, slots=True)
class Line:
    """One posting: `cents` of `contribution` to a member or to an account (exactly one of the two is set).

    `block` says by which step: `deduction`, `producers`, `consumers`, `social_fund`, `undistributed`. For a deduction or the
    fund `percent` is set; for a block split by key, `key`, `weight`, `weight_total` and `block_cents` (what was split).
    """

    contribution: Contribution
    block: str
    member: str
    account: str
    cents: int
    block_cents: int
    key: str = ""
    weight: int = 0
    weight_total: int = 0
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Valorisation:
    """How the valorisation came about (RO p.41-42). The last two are 0 unless the kind is `group`."""

    shared_wh: int
    trase_ueur_per_mwh: int
    building_shared_wh: int
    btau_ueur_per_mwh: int
    avoided_losses_cents_unrounded: Fraction
    amount_cents: int


@dataclass(frozen=True, slots=True)
class ExcessSet:
    """One set of incentivised plants, this month included in the year to date (RO p.39)."""

    granted: bool
    threshold: Decimal
    injected_wh: int
    incentivised_wh: int
    premium_cents: int
    excess_year_cents: int
    excess_month_cents: int


@dataclass(frozen=True, slots=True)
class MonthResult:
    """The settled month.

    Shapes, with H hours, N plants (cascade order) and P points (order of the input): `injected_wh`, `withdrawn_wh`,
    `shared_wh` (H,), `taken_wh` (N, H), `point_shared_wh` (P, H), all int64, `withdrawn_wh` after storage efficiency.
    `premium_gross_cents` is the sum over plants; `premium_cents` what is split as premium: gross minus excess.
    `members` by code; `lines` by (contribution, block order, member, account).
    """

    hours: int
    missing_hours: int
    missing: tuple[MissingHours, ...]
    injected_wh: NDArray[np.int64]
    withdrawn_wh: NDArray[np.int64]
    shared_wh: NDArray[np.int64]
    taken_wh: NDArray[np.int64]
    point_shared_wh: NDArray[np.int64]
    plants: tuple[PlantResult, ...]
    members: tuple[MemberResult, ...]
    premium_gross_cents: int
    premium_cents: int
    valorisation: Valorisation
    excess_sets: tuple[ExcessSet, ...]
    excess_cents: int
    lines: tuple[Line, ...]

    @property
    def valorisation_cents(self) -> int:
        return self.valorisation.amount_cents
