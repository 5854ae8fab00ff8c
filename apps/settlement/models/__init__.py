"""Prices and dated rules that a settlement needs, runs, their results and the ledger."""

from apps.settlement.models.audit import AuditEntry
from apps.settlement.models.audit_check import AuditCheck
from apps.settlement.models.comparison import ComparisonFailure, RunComparison
from apps.settlement.models.gse import BankReceipt, GseItem, GseKind, GsePublication
from apps.settlement.models.gse_decisions import AmountsChoice, DifferenceNote, DifferenceSide, ReceiptMatch
from apps.settlement.models.gse_import import GseImport, GseMapping, GseTarget
from apps.settlement.models.ledger import ContributionKind, ContributionTotal, LedgerEntry
from apps.settlement.models.proposal import CorrectionProposal
from apps.settlement.models.reference import PriceImport, RuleParameter, ZonalPrice
from apps.settlement.models.results import MemberResult, PlantResult, PointResult, RunCurves
from apps.settlement.models.run import SettlementRun

__all__ = [
    "AmountsChoice",
    "AuditCheck",
    "AuditEntry",
    "BankReceipt",
    "ComparisonFailure",
    "ContributionKind",
    "ContributionTotal",
    "CorrectionProposal",
    "DifferenceNote",
    "DifferenceSide",
    "GseImport",
    "GseItem",
    "GseKind",
    "GseMapping",
    "GsePublication",
    "GseTarget",
    "LedgerEntry",
    "MemberResult",
    "PlantResult",
    "PointResult",
    "PriceImport",
    "ReceiptMatch",
    "RuleParameter",
    "RunComparison",
    "RunCurves",
    "SettlementRun",
    "ZonalPrice",
]
