"""The gapless numbers: the one place where the run asks for them."""

import importlib
from importlib.util import find_spec
from typing import Any

from tests.faults.children import NotExercised

MODULE = "tests.faults.money.numbers"


def is_there() -> bool:
    """Can numbers be exercised at all?"""
    return find_spec(MODULE) is not None


def count_numbers(*, writers: int, count: int, rollback_percent: int, seed: int) -> Any:
    """Let `writers` processes write `count` numbered documents, of which some roll back.

    Returns the report (`numbers`, `gaps`, `duplicates`). Errors: `NotExercised`.
    """
    if not is_there():
        raise NotExercised(f"Numbers were not exercised: there is no {MODULE}.")
    return importlib.import_module(MODULE).run(writers=writers, count=count, rollback_percent=rollback_percent, seed=seed)
