"""Print the statements of one run and nothing else: the limit of `end_to_end`."""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    from tasks.exports import write_statements
    from tasks.printing import printing

    with printing() as print_into:
        write_statements(run_id=int(sys.argv[1]), directory=Path(sys.argv[2]), print_into=print_into)


if __name__ == "__main__":
    main()
