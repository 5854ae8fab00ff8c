"""The yearly report of benefits that the referente owes GSE (RO p.39), of one configuration."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from reports.documents.parties import ConfigurationFacts, Issuer


@dataclass(frozen=True, slots=True)
class BenefitsMonth:
    """A month with its corrections: amounts in cents as they were split (the premium without its excess), energies in Wh."""

    month: int
    kind: str
    runs: tuple[int, ...]
    missing_hours: int
    injected_wh: int
    withdrawn_wh: int
    shared_wh: int
    incentivised_wh: int
    premium_cents: int
    valorisation_cents: int
    excess_cents: int


@dataclass(frozen=True, slots=True)
class BenefitsCategory:
    """The members of one kind, and what they got together."""

    kind: str
    is_enterprise: bool
    members: int
    premium_cents: int
    valorisation_cents: int
    excess_cents: int


@dataclass(frozen=True, slots=True)
class BenefitsAccount:
    account: str
    purpose: str
    premium_cents: int
    valorisation_cents: int
    excess_cents: int


@dataclass(frozen=True, slots=True)
class ExcessShare:
    """A set of incentivised plants: what it shared of what it injected, against its threshold (a share)."""

    granted: bool
    threshold: Decimal
    injected_wh: int
    incentivised_wh: int
    premium_cents: int


@dataclass(frozen=True, slots=True)
class BenefitsRule:
    """A distribution rule, as community.json writes it."""

    valid_from: date
    table: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GseMonth:
    """What GSE published for a month and what the bank received of it, in cents; None is nothing so far, which is not zero."""

    month: int
    premium_published_cents: int | None
    premium_received_cents: int | None
    valorisation_published_cents: int | None
    valorisation_received_cents: int | None
    excess_published_cents: int | None
    excess_received_cents: int | None


@dataclass(frozen=True, slots=True)
class BenefitsDocument:
    """`missing_months` are months of the year in which the configuration was active and nothing was approved: a draft.

    `gse_months` are those of the year of which GSE published something, `gse_fee_cents` the fee that it published for the year
    (negative), `unmatched_cents` what the bank received in the year and nobody expected. Reports that were asked for before
    these were known have none.
    """

    issuer: Issuer
    configuration: ConfigurationFacts
    year: int
    runs: tuple[int, ...]
    last_approved_on: date | None
    missing_months: tuple[int, ...]
    months: tuple[BenefitsMonth, ...]
    categories: tuple[BenefitsCategory, ...]
    accounts: tuple[BenefitsAccount, ...]
    excess_sets: tuple[ExcessShare, ...]
    rules: tuple[BenefitsRule, ...]
    gse_months: tuple[GseMonth, ...] = ()
    gse_fee_cents: int = 0
    unmatched_cents: int = 0
