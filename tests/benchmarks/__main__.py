"""`make bench [ONLY=name]`: every benchmark in turn, one JSON object a line. Ours, a user's pick, a limit, side by side."""

import importlib
import json
import os
import sys

# name -> module with `run() -> list of rows` (interfaces.md, "make bench")
BENCHMARKS = {
    "exactness": "tests.benchmarks.exactness",
    "settlement_core": "tests.benchmarks.settlement_core",
    "settlement_database": "tests.benchmarks.settlement_database",
    "many_configurations": "tests.benchmarks.many_configurations",
    "measures": "tests.benchmarks.measures",
    "telemetry": "tests.benchmarks.telemetry",
    "intervals": "tests.benchmarks.intervals",
    "closing": "tests.benchmarks.closing",
    "presence": "tests.benchmarks.presence",
    "listener": "tests.benchmarks.listener",
    "ingest": "tests.benchmarks.ingest",
    "store": "tests.benchmarks.store",
    "documents": "tests.benchmarks.documents",
    "end_to_end": "tests.benchmarks.end_to_end",
    "portal": "tests.benchmarks.portal",
}


def main() -> None:
    """Run the benchmarks named on the command line, or all; ends non-zero when a goal with a verdict is missed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    names = sys.argv[1:] or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            sys.exit(f"There is no benchmark {name}. Choose among: {', '.join(BENCHMARKS)}.")
    import django

    django.setup()
    broken = False
    for name in names:
        for row in importlib.import_module(BENCHMARKS[name]).run():
            broken |= row.get("ok") is False
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
