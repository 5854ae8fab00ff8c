"""Compute a run again from its snapshot and compare the hashes."""

from typing import Any

from django.core.management.base import CommandParser

from apps.settlement.errors import SettlementError
from apps.settlement.models import SettlementRun
from project.commands import JsonCommand, Refused
from reports.errors import SnapshotAltered
from tasks.settlement import verify


class Command(JsonCommand):
    help = "Computes a run again from its snapshot and compares hashes."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("run", type=int, help="number of the run")

    def answer(self, **options: Any) -> dict[str, Any]:
        run: int = options["run"]
        try:
            answer = verify(run_id=run)
        except SettlementRun.DoesNotExist as error:
            raise Refused(f"There is no run {run}.") from error
        except (SettlementError, SnapshotAltered) as error:
            raise Refused(str(error)) from error
        if not answer["ok"]:
            raise Refused(
                f"Run {run} does not come out again: inputs {answer['found_inputs_sha256']} and result "
                f"{answer['found_result_sha256']}, recorded {answer['inputs_sha256']} and {answer['result_sha256']}."
            )
        return answer

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(f"Run {answer['run']} comes out again from its snapshot: result {answer['result_sha256']}.")
