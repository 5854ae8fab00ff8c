"""The gapless numbers: the one place where the run asks for them."""

from tests.faults.money import numbers


def count_numbers(*, writers: int, count: int, rollback_percent: int, seed: int) -> numbers.NumbersReport:
    """Let `writers` processes write `count` numbered documents, of which some roll back. Errors: `NotExercised`."""
    return numbers.run(writers=writers, count=count, rollback_percent=rollback_percent, seed=seed)
