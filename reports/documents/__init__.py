"""What the press can print: frozen documents, complete in themselves.

Money is whole cents, energy whole Wh, prices whole µ€/MWh, days local (Europe/Rome), texts plain (never HTML: every text is
escaped by the press and may be hostile). The press adds no fact and computes no amount: what is not in the document is not
printed. The same document always makes the same bytes, so nothing here may depend on the clock or on the machine.
"""

from reports.documents.parties import ConfigurationFacts, EnergyTotals, Issuer, Recipient
from reports.documents.snapshot import SnapshotFacts
from reports.documents.statement import (
    DailySeries,
    PlantPremium,
    PointEnergy,
    Share,
    StatementDocument,
    Step,
    YearRow,
)
from reports.documents.workbook import Check, WorkbookDocument, WorkbookMember, WorkbookPlant

__all__ = [
    "Check",
    "ConfigurationFacts",
    "DailySeries",
    "EnergyTotals",
    "Issuer",
    "PlantPremium",
    "PointEnergy",
    "Recipient",
    "Share",
    "SnapshotFacts",
    "StatementDocument",
    "Step",
    "WorkbookDocument",
    "WorkbookMember",
    "WorkbookPlant",
    "YearRow",
]
