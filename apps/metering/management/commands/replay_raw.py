"""`replay_raw --from ISO --to ISO`: rebuild readings and curves from the journal of raw messages."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from apps.metering.errors import MeteringError
from apps.metering.replaying import replay_journal
from project.commands import JsonCommand, Refused


class Command(JsonCommand):
    help = "Stores again what the journal of raw messages holds of a time, and closes the quarters. Twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--from", required=True, dest="starts_at", metavar="ISO", help="first instant of arrival")
        parser.add_argument("--to", required=True, dest="ends_at", metavar="ISO", help="first instant that is not replayed")
        parser.add_argument("--delete", action="store_true", help="first delete the readings that arrived in that time")

    def answer(self, **options: Any) -> dict[str, Any]:
        starts_at, ends_at = (_instant(options[name]) for name in ("starts_at", "ends_at"))
        if starts_at >= ends_at:
            raise Refused(f"{options['starts_at']} is not before {options['ends_at']}. Nothing would be replayed.")
        try:
            replayed = replay_journal(starts_at=starts_at, ends_at=ends_at, as_of=timezone.now(), delete=options["delete"])
        except MeteringError as error:
            raise Refused(str(error)) from error
        return {"from": starts_at.isoformat(), "to": ends_at.isoformat()} | asdict(replayed)

    def tell(self, answer: dict[str, Any]) -> None:
        names = ("batches", "messages", "deleted", "readings", "quarters_changed")
        self.stdout.write(", ".join(f"{name.replace('_', ' ')} {answer[name]}" for name in names))


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{text} is not an instant. Write it as 2026-09-07T10:00:00Z.") from error
    return at if at.tzinfo else timezone.make_aware(at)
