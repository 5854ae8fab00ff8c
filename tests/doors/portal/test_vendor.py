"""The files of others are the ones their packages hold."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[3] / "static" / "vendor"
ROW = re.compile(r"^\| `([^`]+)` \| npm `[^`]+@[^`]+`.*\| `[^`]+` \| `([0-9a-f]{64})` \|$", re.MULTILINE)


def test_every_vendored_file_is_listed_with_its_hash():
    listed = dict(ROW.findall((VENDOR / "README.md").read_text("utf-8")))
    found = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path != VENDOR / "README.md"
    }
    assert found == listed
