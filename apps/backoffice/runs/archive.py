"""A ZIP archive made while it is sent: one stored file at a time in memory, however many there are."""

import zipfile
from collections.abc import Iterable, Iterator

ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that the same files make the same archive


class _Outbox:
    """What `zipfile` writes to: it cannot seek, and gives away what it has at once."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self.parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing waits."""

    def take(self) -> bytes:
        content = b"".join(self.parts)
        self.parts.clear()
        return content


def stream_zip(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The bytes of an archive of (name, content), as they come. PDF is compressed already, so nothing is compressed again."""
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), content)
            yield outbox.take()
    yield outbox.take()
