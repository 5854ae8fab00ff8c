#!/usr/bin/env python
"""The commands of this installation. `servers` comes before Django, because it provides what Django's settings need."""

import os
import sys


def main() -> None:
    if sys.argv[1:2] == ["servers"]:
        from project.servers.command import main as run_servers

        sys.exit(run_servers(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
