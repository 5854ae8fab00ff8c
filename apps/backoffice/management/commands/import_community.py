"""Create or update a community from community.json."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.backoffice.records.history import list_approved_months
from apps.communities.community_file.problems import FileRefused
from apps.communities.operations import import_community
from project.commands import JsonCommand, Refused


class Command(JsonCommand):
    help = "Creates or updates a community by code, atomically; every error with its path in the file."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE.json", help="the community as JSON")

    def answer(self, **options: Any) -> dict[str, Any]:
        file: Path = options["file"]
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}. Check the path.", returncode=2) from error
        try:
            result = import_community(content=content, approved_months=list_approved_months)
        except FileRefused as refusal:
            raise Refused(*(str(problem) for problem in refusal.problems)) from refusal
        return {
            "community": result.community,
            "created": result.created,
            "updated": result.updated,
            "unchanged": result.unchanged,
            "warnings": list(result.warnings),
        }

    def tell(self, answer: dict[str, Any]) -> None:
        changed = any(answer["created"].values()) or any(answer["updated"].values())
        self.stdout.write(f"{answer['community']}: " + ("imported" if changed else "nothing changed"))
        for subject in answer["created"]:
            counts = ", ".join(f"{answer[action][subject]} {action}" for action in ("created", "updated", "unchanged"))
            self.stdout.write(f"  {subject.replace('_', ' '):<20} {counts}")
        for warning in answer["warnings"]:
            self.stdout.write(f"  warning: {warning}")
