"""Where a Chromium may be on this machine. Playwright's own download is never used."""

import shutil
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_MACOS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)


def find_chromium() -> Path | None:
    """The first Chromium or Chrome of the system, or None."""
    found = [Path(path) for name in PROGRAMS if (path := shutil.which(name))]
    return next((path for path in [*found, *ON_MACOS] if path.exists()), None)
