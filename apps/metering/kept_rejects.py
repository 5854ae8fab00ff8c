"""All rejected lines of an import, kept beside its file as `line;reason`; the report of the import names their SHA-256."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from django.utils.translation import gettext as _

from apps.metering.errors import RejectsAltered
from apps.metering.models import MeasureImport
from apps.metering.operations import import_path

_CHUNK = 1 << 20


def rejects_path(found: MeasureImport) -> Path:
    """Where the rejected lines of an import lie."""
    return import_path(found).with_suffix(".rejects")


class write_rejects:
    """A listing that takes the place of an earlier one by `keep()` alone; what is not kept leaves nothing behind."""

    def __init__(self, found: MeasureImport) -> None:
        self.path = rejects_path(found)
        self._part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")

    def __enter__(self) -> "write_rejects":
        self._part.parent.mkdir(parents=True, exist_ok=True)
        self.file = open(os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
        return self

    def keep(self) -> str:
        """Put the listing in place and return its SHA-256; a listing without lines is no file and has no hash."""
        self.file.flush()
        os.fsync(self.file.fileno())
        if not self._part.stat().st_size:
            self.path.unlink(missing_ok=True)
            return ""
        sha256 = _hash(self._part)
        os.replace(self._part, self.path)
        return sha256

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.file.close()
        self._part.unlink(missing_ok=True)


def read_rejects(found: MeasureImport) -> Iterator[tuple[int, str]]:
    """Yield (line, reason) of every rejected line, in order. The file is checked before the first one is given.

    Errors: `RejectsAltered`, at the call and not later.
    """
    path = rejects_path(found)
    altered = _("The rejected lines of %(file)s are not what was stored. Upload the file again.") % {"file": found.file_name}
    try:
        if _hash(path) != found.report.get("rejects_sha256"):
            raise RejectsAltered(altered)
    except FileNotFoundError as error:
        raise RejectsAltered(altered) from error
    return _lines(path)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for entry in file:
            line, reason = entry.rstrip("\n").split(";", 1)
            yield int(line), reason


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while content := file.read(_CHUNK):
            digest.update(content)
    return digest.hexdigest()
