"""The member's statement of one month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.engine.inputs import Contribution, RunKind
from apps.engine.results import ExcessSet, Line, MissingHours, Valorisation
from reports.documents.parties import ConfigurationFacts, EnergyTotals, Issuer, Recipient


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
    `producers_percent` is the part of the rest that goes to producers (None for the excess). In a correction both amounts are
    differences, and `month_cents` is what the member gets for the whole month now. `source` says who found the whole amount
    (the engine's `AmountSource`), empty when the community computed it.
    """

    contribution: Contribution
    amount_cents: int
    pool_cents: int
    steps: tuple[Step, ...]
    producers_percent: Decimal | None = None
    month_cents: int | None = None
    source: str = ""


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

    `reference` is unique and stable, e.g. "CER-ALBA-A/2023-03/v1/M00001"; `supersedes` the reference it replaces, if any;
    `corrects` the reference to whose month this one is the difference, energies and plants being those of the month as it is now.
    `posted_as` says what kind of run that is: `correction`, `final`, `provisional` after an advance, or `reversal`.
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
    corrects: str = ""
    posted_as: str = ""
    stamp_duty_cents: int = 0
    rules_version: str = ""
    code_version: str = ""
    result_sha256: str = ""

    @property
    def total_cents(self) -> int:
        return sum(share.amount_cents for share in self.shares)

    @property
    def month_cents(self) -> int:
        """Of a correction: what the member gets for the whole month now."""
        return sum(share.month_cents or 0 for share in self.shares)
