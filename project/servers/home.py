"""The directory private servers live in: temporary, or kept between runs and then locked against a second run."""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from project.servers.errors import DirectoryInUse
from project.servers.unprivileged import can_enter, get_unprivileged_user

PREFIX = "cercollettiva-"
LOCK_SECONDS = 15.0  # a killed run needs a moment to clean up after itself


class Home:
    """Folders for servers, one each. A folder may lie elsewhere if its server's user cannot pass through the directory."""

    def __init__(self, directory: Path | None) -> None:
        self.user = get_unprivileged_user()
        self.temporary = directory is None
        self.lock: int | None = None
        if directory is None:
            self.path = self._make_temporary()
        else:
            self.path = directory.absolute()
            self.path.mkdir(parents=True, exist_ok=True)
            self.lock = self._acquire_lock()

    def get_folder(self, name: str, *, unprivileged: bool) -> Path:
        """The folder of one server, created if need be; outside and linked if its user cannot reach the inside.

        The link, not the place, is what says that data was kept: a new checkout never meets the data of an older one.
        """
        folder = self.path / name
        if unprivileged and not can_enter(self.user, self.path):
            if not folder.exists():
                folder.unlink(missing_ok=True)
                folder.symlink_to(self._make_temporary())
            return folder.resolve()
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        return folder

    def release(self) -> None:
        """Remove what is temporary, unlock what is kept."""
        if self.temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None

    def _make_temporary(self) -> Path:
        """A directory of a name nobody could guess, in a place that the user of the servers may pass through."""
        places = (Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/tmp"))  # noqa: S108  # nosec B108
        kept = places if self.temporary else places[1:]
        place = next((place for place in kept if place.is_dir() and can_enter(self.user, place)), places[0])
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        path.chmod(0o711)
        return path

    def _acquire_lock(self) -> int:
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return handle
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(handle)
                    raise DirectoryInUse(
                        f"Servers of another run are using {self.path}; stop that run first, or keep the data elsewhere."
                    ) from None
                time.sleep(0.1)
