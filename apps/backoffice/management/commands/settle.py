"""Settle one configuration and month from the command line, through the same task as the admin does."""

import re
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from apps.communities.models import Configuration
from apps.settlement import operations
from apps.settlement.bounds import is_beyond_bounds
from apps.settlement.errors import SettlementError
from apps.settlement.models import AuditEntry, SettlementRun
from apps.settlement.queries import get_run_result
from project.commands import JsonCommand, Refused
from tasks.exports import write_documents
from tasks.printing import printing
from tasks.settlement import settle_month


class Command(JsonCommand):
    help = "Opens a run, settles it, waits and prints the result; --out also writes statements, workbook and snapshot."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("configuration", help="code of the configuration")
        parser.add_argument("month", type=_month, help="month as YYYY-MM")
        parser.add_argument("--kind", choices=SettlementRun.BASE_KINDS, default=SettlementRun.Kind.PROVISIONAL)
        parser.add_argument("--out", type=Path, metavar="DIR", help="also write the documents there")

    def answer(self, **options: Any) -> dict[str, Any]:
        configuration: str = options["configuration"]
        out: Path | None = options["out"]
        found = Configuration.objects.filter(code=configuration).first()
        if found is None:
            raise Refused(f"There is no configuration {configuration}. Import its community first, or check the code.")
        if out is None:
            return get_run_result(run_id=_settled(found, options["month"], options["kind"]))
        with printing() as print_into:  # the press warms up on the other core while this one settles
            run_id = _settled(found, options["month"], options["kind"])
            write_documents(run_id=run_id, directory=out, print_into=print_into)
        return get_run_result(run_id=run_id)

    def tell(self, answer: dict[str, Any]) -> None:
        energy, contributions = answer["energy"], answer["contributions"]
        write = self.stdout.write
        what = f"{answer['configuration']} {answer['month']} {answer['kind']} v{answer['version']}"
        write(f"{what} (run {answer['run']}): {answer['state']}")
        write(f"  hours {answer['hours']}, missing {answer['missing_hours']}")
        write("  " + ", ".join(f"{name.removesuffix('_kwh')} {value} kWh" for name, value in energy.items()))
        write("  " + ", ".join(f"{name.removesuffix('_eur')} {value} €" for name, value in contributions.items()))
        for row in answer["members"]:
            write(f"  {row['member']:<12} shared {row['shared_kwh']:>12} kWh   total {row['total_eur']:>10} €")
        for row in answer["accounts"]:
            write(f"  account {row['account']:<20} {row['amount_eur']:>10} €")
        write(f"  result {answer['result_sha256']}")


def _settled(configuration: Configuration, month: date, kind: str) -> int:
    """The run, opened and settled through the same task as the admin does; one that is refused leaves nothing.

    One beyond the bounds has a result: it is printed, parked for a person.
    """
    try:
        run = operations.open_run(
            configuration=configuration,
            month=month,
            kind=kind,
            opened_by=None,
            as_of=timezone.now(),
            actor=AuditEntry.Actor.COMMAND_LINE,
        )
    except SettlementError as error:
        raise Refused(str(error.args[0])) from error
    settle_month.apply(args=(run.pk,), throw=True)
    run.refresh_from_db()
    if run.state != SettlementRun.State.COMPUTED and not is_beyond_bounds(run):
        operations.discard_run(run_id=run.pk)
        raise Refused(run.error)
    return run.pk


def _month(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}", text):
        raise ArgumentTypeError(f"{text!r} is not a month. Write it as YYYY-MM, for example 2023-03.")
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a month of the calendar.") from error
