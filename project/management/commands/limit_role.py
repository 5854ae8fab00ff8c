"""Give the application's role in the database what it needs and no more."""

from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from project.commands import JsonCommand, Refused
from project.database_role import RoleRefused, limit_role


class Command(JsonCommand):
    help = "Run as the owner of the tables, after every migrate: lets ROLE read and write rows, and switch off no guard."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("role", metavar="ROLE", help="the role of the application's DATABASE_URL")

    def answer(self, **options: Any) -> dict[str, Any]:
        try:
            with transaction.atomic():
                return limit_role(options["role"])
        except RoleRefused as refusal:
            raise Refused(str(refusal)) from refusal

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(
            f"{answer['role']} may write the rows of {answer['writes']} tables and owns {' and '.join(answer['owns'])}."
        )
