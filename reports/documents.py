"""What the press can print: frozen documents, complete in themselves.

Money is whole cents, energy whole Wh, prices whole µ€/MWh, days local (Europe/Rome), texts plain (never HTML: every text is
escaped by the press and may be hostile). The press adds no fact and computes no amount: what is not in the document is not
printed. The same document always makes the same bytes, so nothing here may depend on the clock or on the machine.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Contribution, Kind, RunKind
from apps.engine.results import ExcessSet, Line, MissingHours, Valorisation


@dataclass(frozen=True, slots=True)
class Issuer:
    """The community that issues the document. `logo` is PNG, JPEG or SVG (recognised by content), at most 1 MB; anything
    else is left out, never opened by name."""

    name: str
    tax_code: str
    address: str = ""
    legal_form: str = ""
    iban_masked: str = ""
    logo: bytes | None = None


@dataclass(frozen=True, slots=True)
class ConfigurationFacts:
    code: str
    kind: Kind
    primary_substation: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """The member a statement is for. `kind` is the machine word of interfaces.md (`household`, `sme`, …)."""

    code: str
    name: str
    kind: str
    tax_code: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class EnergyTotals:
    """Energy of the month in Wh: of a member or of the whole configuration.

    `shared_wh` is what was shared as a consumer (settlement-rules 2.7; for the configuration Σ of the hours); `taken_wh` what
    the cascade gave to the plants (2.5), `incentivised_wh` the part of it that earns the premium (2.6).
    """

    injected_wh: int
    withdrawn_wh: int
    shared_wh: int
    incentivised_wh: int = 0
    taken_wh: int = 0


@dataclass(frozen=True, slots=True)
class PointEnergy:
    """One metering point of the member: energy of the hours in which the point was valid. `valid_to` is exclusive."""

    pod: str
    valid_from: date
    valid_to: date | None
    withdrawn_wh: int
    injected_wh: int
    shared_wh: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the split of a contribution (settlement-rules 7), with the fields of the engine's `Line`.

    `deduction` and `social_fund`: `account` and `percent` are set, `cents` goes to the account. `producers` and `consumers`:
    `block_cents` was divided by `key`, of which this member has `weight` of `weight_total`; `cents` goes to the member.
    """

    block: str
    block_cents: int
    cents: int
    account: str = ""
    key: str = ""
    weight: int = 0
    weight_total: int = 0
    percent: Decimal | None = None

    @classmethod
    def from_line(cls, line: Line) -> "Step":
        """The step that one posting of the engine tells about."""
        return cls(
            block=line.block,
            block_cents=line.block_cents,
            cents=line.cents,
            account=line.account,
            key=line.key,
            weight=line.weight,
            weight_total=line.weight_total,
            percent=line.percent,
        )


@dataclass(frozen=True, slots=True)
class Share:
    """What the member gets of one contribution.

    `pool_cents` is the configuration's whole amount; `amount_cents` the member's (= Σ cents of its `producers` and `consumers`
    steps). `steps`: first all deductions (or the social fund), in order, then the steps that paid this member, if any.
    `producers_percent` is the part of the rest that goes to producers (None for the excess).
    """

    contribution: Contribution
    amount_cents: int
    pool_cents: int
    steps: tuple[Step, ...]
    producers_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PlantPremium:
    """One plant of the configuration, in cascade order. `not_incentivised_because` is "" or the engine's machine word."""

    code: str
    source: str
    power_kw: Decimal
    injected_wh: int
    taken_wh: int
    incentivised_wh: int
    premium_cents: int
    not_incentivised_because: str = ""


@dataclass(frozen=True, slots=True)
class YearRow:
    """What one month of the calendar year brought to the member, in cents."""

    year: int
    month: int
    premium_cents: int
    valorisation_cents: int
    excess_cents: int

    @property
    def total_cents(self) -> int:
        return self.premium_cents + self.valorisation_cents + self.excess_cents


@dataclass(frozen=True, slots=True)
class DailySeries:
    """The member's energy per local day of the month, in Wh; all tuples as long as `days`. `taken_wh` may be empty: it is
    what the community took of the member's plants, for producers."""

    days: tuple[date, ...]
    withdrawn_wh: tuple[int, ...]
    injected_wh: tuple[int, ...]
    shared_wh: tuple[int, ...]
    taken_wh: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """One member's statement (*rendiconto*) of one month.

    `reference` is unique and stable, e.g. "CER-ALBA-A/2023-03/v1/M00001"; `supersedes` the reference it replaces, if any.
    `approved_on` None prints the banner "BOZZA – non approvato". `plants`, `valorisation`, `excess_sets`, `premium_gross_cents`
    and `energy_of_configuration` explain the pools. `year_rows` are the months of the year up to and including this one.
    `missing` are the hours not known of the member's own points; `configuration_missing_hours` of all points together.
    `stamp_duty_cents` is 0 unless the community switched it on; it is mentioned, never subtracted.
    """

    issuer: Issuer
    configuration: ConfigurationFacts
    year: int
    month: int
    reference: str
    version: int
    run_kind: RunKind
    approved_on: date | None
    issued_on: date
    member: Recipient
    points: tuple[PointEnergy, ...]
    energy: EnergyTotals
    energy_of_configuration: EnergyTotals
    shares: tuple[Share, ...]
    plants: tuple[PlantPremium, ...]
    premium_gross_cents: int
    valorisation: Valorisation
    excess_sets: tuple[ExcessSet, ...]
    year_rows: tuple[YearRow, ...]
    daily: DailySeries
    missing: tuple[MissingHours, ...] = ()
    configuration_missing_hours: int = 0
    contact_email: str = ""
    supersedes: str = ""
    stamp_duty_cents: int = 0
    rules_version: str = ""
    code_version: str = ""
    result_sha256: str = ""

    @property
    def total_cents(self) -> int:
        return sum(share.amount_cents for share in self.shares)


@dataclass(frozen=True, slots=True)
class WorkbookMember:
    code: str
    name: str
    kind: str
    tax_code: str
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
class WorkbookPlant:
    """One plant in cascade order; `member` is the code of the member behind its POD ("" if nobody)."""

    code: str
    pod: str
    member: str
    source: str
    power_kw: Decimal
    region: str
    market_zone: str
    entered_operation_on: date
    grant_intensity: Decimal
    injected_wh: int
    taken_wh: int
    incentivised_wh: int
    exempt_wh: int
    premium_cents: int
    not_incentivised_because: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One control of the run: what must be and what is. `unit`: "eur" (both in cents), "kwh" (both in Wh), "count" or "text"."""

    name: str
    expected: int | str
    found: int | str
    unit: str = "count"

    @property
    def ok(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class WorkbookDocument:
    """The accountant's workbook of one run.

    `state`, `computed`, `approved` are texts for people ("calcolato il 03/04/2023 10:15 da Anna Bo"); `approved` "" prints a
    banner. Shapes, with H hours of the month and N plants in the order of `plants`: `hours_utc` (H,) datetime64[s], start of
    each hour; `injected_wh`, `withdrawn_wh`, `shared_wh` (H,) int64; `taken_wh` (N, H) int64. `premium_cents` is the premium
    that is split (gross minus excess). `lines` in the engine's order.
    """

    issuer: Issuer
    configuration: ConfigurationFacts
    year: int
    month: int
    run: int
    version: int
    run_kind: RunKind
    state: str
    computed: str
    approved: str
    members: tuple[WorkbookMember, ...]
    plants: tuple[WorkbookPlant, ...]
    hours_utc: NDArray[np.datetime64]
    injected_wh: NDArray[np.int64]
    withdrawn_wh: NDArray[np.int64]
    shared_wh: NDArray[np.int64]
    taken_wh: NDArray[np.int64]
    premium_gross_cents: int
    premium_cents: int
    valorisation_cents: int
    excess_cents: int
    lines: tuple[Line, ...]
    missing: tuple[MissingHours, ...] = ()
    checks: tuple[Check, ...] = ()
    rules_version: str = ""
    code_version: str = ""
    inputs_sha256: str = ""
    result_sha256: str = ""


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What the snapshot says about its run besides the engine's input and result.

    No names: a snapshot is kept for ever and its hash may not change when a person asks to be forgotten; members stand in it
    by code. `state` is the state of the run when it was written. The two hashes come from `engine.digest`.
    """

    run: int
    version: int
    state: str
    rules_version: str
    code_version: str
    inputs_sha256: str
    result_sha256: str = ""
