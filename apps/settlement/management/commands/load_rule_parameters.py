"""Add the values of the law that come with the program and that this installation does not know yet."""

from dataclasses import asdict
from typing import Any

from apps.settlement.reference_values import load_rule_parameters, read_reference_values
from project.commands import JsonCommand


class Command(JsonCommand):
    help = "Adds missing dated rule parameters from fixtures/rule_parameters.json; never overwrites a recorded value."

    def answer(self, **options: Any) -> dict[str, Any]:
        result = load_rule_parameters(rows=read_reference_values())
        return {action: list(names) for action, names in asdict(result).items()}

    def tell(self, answer: dict[str, Any]) -> None:
        for action, names in answer.items():
            self.stdout.write(f"{action}: {len(names)}")
            if action != "unchanged":
                for name in names:
                    self.stdout.write(f"  {name}")
