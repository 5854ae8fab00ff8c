"""Read the reports of mail servers about letters that came back."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from apps.invoicing.delivery.bounces import read_report, record_report
from project.commands import JsonCommand


class Command(JsonCommand):
    help = "Marks letters as bounced that the reports in these files (RFC 3464, one message a file) are about."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a message as the mailbox keeps it (.eml)")

    def answer(self, **options: Any) -> dict[str, Any]:
        counts = {"read": 0, "bounced": 0, "ignored": 0}
        for file in options["files"]:
            try:
                content = file.read_bytes()
            except OSError as error:
                raise CommandError(f"{file} cannot be read: {error.strerror}. Check the path.", returncode=2) from error
            report = read_report(content)
            is_ours = report is not None and record_report(report=report, as_of=timezone.now())
            counts["read"] += 1
            counts["bounced" if is_ours else "ignored"] += 1
        return counts

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(", ".join(f"{count} {name}" for name, count in answer.items()))
