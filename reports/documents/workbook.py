"""The accountant's workbook of one run."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import RunKind
from apps.engine.results import Line, MissingHours
from reports.documents.parties import ConfigurationFacts, Issuer


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
    that is split (gross minus excess). `lines` in the engine's order. `corrects` names the calculation to which the amounts of
    members, accounts and contributions are differences; energies, plants and the gross premium are the month's as it is now.
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
    corrects: str = ""
    missing: tuple[MissingHours, ...] = ()
    checks: tuple[Check, ...] = ()
    rules_version: str = ""
    code_version: str = ""
    inputs_sha256: str = ""
    result_sha256: str = ""
