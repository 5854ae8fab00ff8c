"""What all our commands share: sentences for a person, one JSON object with `--json`, and three exit codes."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

DONE, REFUSED = 0, 1  # wrong usage is 2, argparse's own


class Refused(Exception):
    """The command will not do it; `reasons` say why, one sentence a line. Nothing was written."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


class JsonCommand(BaseCommand):
    """A command that answers with an object: printed for a person by `tell`, or as JSON with `--json` and nothing else.

    Subclasses implement `answer(**options) -> dict`, may raise `Refused`, and implement `tell(answer)`.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object on standard output and nothing else")

    def answer(self, **options: Any) -> dict[str, Any]:
        raise NotImplementedError

    def tell(self, answer: dict[str, Any]) -> None:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            # Pages speak the reader's language; the command line, like code and documentation, speaks English.
            with translation.override("en"):
                answer = self.answer(**options)
        except Refused as refusal:
            for reason in refusal.reasons:
                self.stderr.write(reason)
            sys.exit(REFUSED)
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            self.tell(answer)
