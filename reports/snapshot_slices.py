"""A part of a snapshot: the small facts of a run, a few hours, the postings of one member. Each file that is read is checked.

`FACTS` are the files without curves, `CURVES` those with them, `LINES` the one with the postings,
`TAKEN` the one with what plants took.
"""

from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Contribution, MonthInputs
from apps.engine.results import Line
from reports.errors import SnapshotAltered
from reports.snapshot_columns import MONEY_PLACES, trimmed, whole_numbers
from reports.snapshot_inputs import read_hours_of, read_prices_of
from reports.snapshot_parquet import MANIFEST, verify_some_files
from reports.snapshot_tables import read_table

FACTS = (
    MANIFEST,
    *(f"inputs_{name}.parquet" for name in ("month", "parameters", "distribution", "members", "points", "plants")),
    *("inputs_injections.parquet", "inputs_prices.parquet"),
)
CURVES = ("inputs_withdrawn.parquet", "inputs_injected.parquet")
LINES = "results_lines.parquet"
TAKEN = "results_plant_hours.parquet"


def read_hours(files: dict[str, bytes], hours: slice) -> MonthInputs:
    """The input of the run cut to some hours of its month; for `slice(0, 0)` without `CURVES`. Errors: `SnapshotAltered`."""
    verify_some_files(files)
    return read_hours_of(files, hours)


def read_with_prices(files: dict[str, bytes]) -> MonthInputs:
    """The small facts with the prices of all hours, (Z, H), and no curves. Errors: `SnapshotAltered`."""
    verify_some_files(files)
    return read_prices_of(files)


def read_taken(files: dict[str, bytes], *, plants: int) -> NDArray[np.int64]:
    """What each plant of the cascade took in each hour of the month, (N, H) Wh. Errors: `SnapshotAltered`."""
    verify_some_files(files)
    taken = whole_numbers(read_table(files[TAKEN]).column("taken_kwh"))
    if not plants or taken.size % plants:
        raise SnapshotAltered(f"The snapshot has {taken.size} hours of plants, which are not those of {plants} plants.")
    return taken.reshape(plants, -1)


def inputs_sha256_of(files: dict[str, bytes]) -> str:
    """Which input the manifest says it is. Errors: `SnapshotAltered`."""
    return str(verify_some_files({MANIFEST: files[MANIFEST]})["inputs_sha256"] if MANIFEST in files else "")


def read_lines(files: dict[str, bytes], *, contribution: Contribution, member: str) -> list[Line]:
    """The postings of one contribution to one member and to all accounts, in the engine's order. Errors: `SnapshotAltered`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    verify_some_files(files)
    wanted: Any = [("contribution", "==", contribution.value), ("member", "in", ["", member])]
    rows = pq.read_table(pa.BufferReader(files[LINES]), filters=wanted).to_pylist()
    return [_line(row) for row in rows]


def _line(row: dict[str, Any]) -> Line:
    percent = row["percent"]
    return Line(
        contribution=Contribution(row["contribution"]),
        block=row["block"],
        member=row["member"],
        account=row["account"],
        cents=_cents(row["amount_eur"]),
        block_cents=_cents(row["block_eur"]),
        key=row["key"],
        weight=int(row["weight"]),
        weight_total=int(row["weight_total"]),
        percent=None if percent is None else trimmed(percent),
    )


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(MONEY_PLACES))
