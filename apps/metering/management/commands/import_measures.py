"""`import_measures FILE.csv`: load curves from a file of measures."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from apps.metering.errors import MeteringError
from apps.metering.imports import describe, import_measures
from apps.metering.models import Source
from project.commands import JsonCommand, Refused

SOURCES = {"official": Source.OFFICIAL, "manual": Source.MANUAL}


class Command(JsonCommand):
    help = "Loads curves from a CSV of measures; run it twice and nothing changes. Rejected rows are listed, good ones stored."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument(
            "--source", choices=sorted(SOURCES), default="official", help="who measured; official outranks manual"
        )
        parser.add_argument("--rejects", type=Path, metavar="FILE", help="write every rejected line there, as line;reason")

    def answer(self, **options: Any) -> dict[str, Any]:
        file: Path = options["file"]
        source = SOURCES[options["source"]]
        rejects: Path | None = options["rejects"]
        try:
            file.open("rb").close()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}. Check the path.", returncode=2) from error
        try:
            if rejects is None:
                report = import_measures(file, source=source, as_of=timezone.now())
            else:
                with rejects.open("w", encoding="utf-8") as listing:
                    report = import_measures(file, source=source, as_of=timezone.now(), rejects=listing)
        except MeteringError as error:
            raise Refused(f"{file}: {error}") from error
        except OSError as error:
            raise Refused(f"{error.filename or file} cannot be opened: {error.strerror}.") from error
        return {"file": str(file)} | describe(report)

    def tell(self, answer: dict[str, Any]) -> None:
        counts = ", ".join(f"{name} {answer[name]}" for name in ("read", "new", "changed", "unchanged", "rejected"))
        self.stdout.write(f"{answer['file']}: {counts}")
        if answer["first_day"]:
            self.stdout.write(f"  {answer['pods']} PODs, {answer['first_day']} to {answer['last_day']}")
        for found in answer["rejects"]:
            self.stdout.write(f"  line {found['line']}: {found['reason']}")
        if answer["rejected"] > len(answer["rejects"]):
            self.stdout.write(f"  and {answer['rejected'] - len(answer['rejects'])} more: --rejects FILE lists them all")
