"""The addresses of the run pages, as a person would type them."""

from apps.settlement.models import SettlementRun

RUNS = "/ceradmin/settlement/settlementrun/"


def at(run: SettlementRun | int, tail: str = "") -> str:
    number = run if isinstance(run, int) else run.pk
    return f"{RUNS}{number}/{tail}"
