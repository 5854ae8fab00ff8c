"""The engine against the independent oracle on a thousand random communities: to the cent and to the Wh, no difference allowed.

`python -m tests.benchmarks.exactness [COMMUNITIES]`, `SEED=` moves the first community. Months in which the clocks change and all
three kinds are drawn among them; `tests/engine/random_communities.py` says what else. Both sides are timed: the oracle is what a
patient person with fractions would do.
"""

import json
import os
import resource
import sys
import time
from typing import Any

from apps.engine.settlement import settle
from tests.engine import oracle
from tests.engine.comparison import assert_laws, differences
from tests.engine.random_communities import random_inputs

COMMUNITIES = 1000


def run(communities: int = COMMUNITIES) -> list[dict[str, Any]]:
    """Return one row: how many communities differ, and how long each side took."""
    first = int(os.environ.get("SEED", "1000"))
    different: list[str] = []
    kinds: set[str] = set()
    months: set[tuple[int, int]] = set()
    ours = peer = 0.0
    for seed in range(first, first + communities):
        inputs = random_inputs(seed)
        kinds.add(str(inputs.kind))
        months.add((inputs.year, inputs.month))
        start = time.perf_counter()
        result = settle(inputs)
        middle = time.perf_counter()
        expected = oracle.settle(inputs)
        ours, peer = ours + middle - start, peer + time.perf_counter() - middle
        assert_laws(inputs, result)
        if parts := differences(result, expected):
            different.append(f"seed {seed}: {', '.join(parts)}")
            sys.stderr.write(different[-1] + "\n")
    return [
        {
            "bench": "exactness",
            "value": len(different),
            "unit": f"communities that differ, of {communities} in {len(months)} months and {len(kinds)} kinds, seed {first}",
            "peer": "the rules again in fractions, hour by hour: seconds for all, beside ours",
            "peer_value": round(peer, 2),
            "ratio_to_peer": round(peer / ours, 1),
            "limit": "no difference",
            "limit_value": 0,
            "ratio_to_limit": 0 if not different else len(different),
            "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "ok": not different,
        }
    ]


def main() -> None:
    """Print the row; exit non-zero when anything differs."""
    rows = run(int(sys.argv[1]) if len(sys.argv) > 1 else COMMUNITIES)
    sys.stdout.write("".join(json.dumps(row) + "\n" for row in rows))
    sys.exit(0 if all(row["ok"] for row in rows) else 1)


if __name__ == "__main__":
    main()
