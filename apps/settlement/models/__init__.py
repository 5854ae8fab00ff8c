"""Prices and dated rules that a settlement needs, runs, their results and the ledger."""

from apps.settlement.models.audit import AuditEntry
from apps.settlement.models.audit_check import AuditCheck
from apps.settlement.models.comparison import ComparisonFailure, RunComparison
from apps.settlement.models.ledger import ContributionKind, ContributionTotal, LedgerEntry
from apps.settlement.models.proposal import CorrectionProposal
from apps.settlement.models.reference import PriceImport, RuleParameter, ZonalPrice
from apps.settlement.models.results import MemberResult, PlantResult, PointResult, RunCurves
from apps.settlement.models.run import SettlementRun

__all__ = [
    "AuditCheck",
    "AuditEntry",
    "ComparisonFailure",
    "ContributionKind",
    "ContributionTotal",
    "CorrectionProposal",
    "LedgerEntry",
    "MemberResult",
    "PlantResult",
    "PointResult",
    "PriceImport",
    "RuleParameter",
    "RunComparison",
    "RunCurves",
    "SettlementRun",
    "ZonalPrice",
]
