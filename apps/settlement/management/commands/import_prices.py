"""Import zonal prices from prices.csv or from GME's XML."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from apps.settlement.prices.operations import PriceChange, import_prices
from apps.settlement.prices.queries import local_text
from apps.settlement.prices.rows import PricesRefused
from project.commands import JsonCommand, Refused

_SHOWN = 20


class Command(JsonCommand):
    help = "Imports zonal prices (prices.csv, or GME's …MGPPrezzi.xml), all of the file or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE", help="prices.csv or GME's XML; told apart by content")

    def answer(self, **options: Any) -> dict[str, Any]:
        file: Path = options["file"]
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}. Check the path.", returncode=2) from error
        try:
            result = import_prices(content=content, file_name=file.name, imported_by=None, as_of=timezone.now())
        except PricesRefused as refusal:
            raise Refused(*(str(fault) for fault in refusal.faults)) from refusal
        return {
            "file": file.name,
            "format": result.format,
            "read": result.read,
            "new": result.new,
            "changed": result.changed,
            "unchanged": result.unchanged,
            "missing": result.missing,
            "changes": [_describe(change) for change in result.changes[:_SHOWN]],
        }

    def tell(self, answer: dict[str, Any]) -> None:
        counts = ", ".join(f"{answer[name]} {name}" for name in ("read", "new", "changed", "unchanged", "missing"))
        self.stdout.write(f"{answer['file']} ({answer['format']}): {counts}")
        for change in answer["changes"]:
            self.stdout.write(
                f"  changed: {change['zone']} {change['starts_at']} {change['before_eur_per_mwh']} → "
                f"{change['after_eur_per_mwh']} €/MWh"
            )
        if answer["changed"] > len(answer["changes"]):
            self.stdout.write(f"  … and {answer['changed'] - len(answer['changes'])} more changed")


def _describe(change: PriceChange) -> dict[str, str]:
    return {
        "zone": change.zone,
        "starts_at": local_text(change.starts_at),
        "before_eur_per_mwh": str(change.before_eur_per_mwh),
        "after_eur_per_mwh": str(change.after_eur_per_mwh),
    }
