"""Compile .po files into the .mo files beside them, in pure Python: a machine needs no gettext to run in Italian."""

import sys
from pathlib import Path

import polib


def main() -> int:
    for name in sys.argv[1:]:
        source = Path(name)
        try:
            polib.pofile(str(source), check_for_duplicates=True).save_as_mofile(str(source.with_suffix(".mo")))
        except (OSError, ValueError) as error:
            print(f"{source}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
