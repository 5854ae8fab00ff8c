"""Files are read in bounded memory, however long they are and however many days they speak of."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from fixtures.measures_csv import write_block, write_header
from fixtures.quarters import Quarters

READ = """
import resource, sys
from pathlib import Path
import django
django.setup()
from apps.engine.inputs import Quality
from apps.metering.measures_file import days
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.reading import read_measures
from apps.metering.measures_file.rejects import RejectLog
days.CAPACITY = 5_000
pods = RegisteredPods([f"IT001E{n:08d}" for n in range(int(sys.argv[2]))])
stored = 0
def store(held, cells):
    global stored
    stored += cells.size
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
reading = read_measures(Path(sys.argv[1]), pods=pods, default=Quality.OFFICIAL, log=RejectLog(), store_settled=store)
print(reading.read, reading.days.count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def write_month(path: Path, pods: int) -> int:
    quarters = Quarters(date(2023, 3, 1), date(2023, 3, 31))
    rows = 0
    with path.open("wb") as file:
        write_header(file)
        for first in range(0, pods, 50):
            names = [f"IT001E{n:08d}" for n in range(first, min(pods, first + 50))]
            energy = np.full((len(names), len(quarters)), 125, np.int32)
            rows += write_block(file, pods=names, stamps=quarters.stamps, injected_wh=energy, withdrawn_wh=energy)
    return rows


@pytest.mark.slow
def test_three_times_the_rows_take_the_same_memory(tmp_path):
    """500 PODs fill the room for 5 000 days three times over; 1 500 PODs nine times."""
    grown = []
    for pods in (500, 1500):
        path = tmp_path / f"{pods}.csv"
        rows = write_month(path, pods)
        done = subprocess.run(
            [sys.executable, "-c", READ, path, str(pods)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[3],
        )
        read, held, megabytes = map(int, done.stdout.split())
        assert (read, held) == (rows, 5000)
        grown.append(megabytes)
    assert grown[1] < grown[0] + 60, f"{grown} MB: memory grows with the file"
    assert grown[1] < 400
