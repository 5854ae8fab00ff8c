"""Running PostgreSQL, which refuses root, from a root shell: as which user, and what that user can reach."""

import os
import pwd
import shutil
import stat
from pathlib import Path
from typing import TypedDict

CANDIDATES = ("postgres", "nobody")


def get_unprivileged_user() -> pwd.struct_passwd | None:
    """The user PostgreSQL runs as when we are root, and None when we are not and simply run it ourselves."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return pwd.getpwuid(65534)


class Credentials(TypedDict):
    """Who a process runs as, in the words of subprocess; None means as we do."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def get_credentials(user: pwd.struct_passwd | None) -> Credentials:
    if user is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def can_enter(user: pwd.struct_passwd | None, path: Path) -> bool:
    """Whether the user may pass through every directory down to `path`.

    Reads permission bits only. An access list may allow more; then something is copied that need not have been.
    """
    if user is None:
        return True
    path = path.resolve()
    for folder in (path, *path.parents):
        if not folder.is_dir():
            continue
        status = folder.stat()
        if status.st_uid == user.pw_uid:
            allowed = status.st_mode & stat.S_IXUSR
        elif status.st_gid == user.pw_gid:
            allowed = status.st_mode & stat.S_IXGRP
        else:
            allowed = status.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def copy_readable(source: Path, target: Path) -> None:
    """Copy a tree so that everybody can read and run it, whatever umask the original was installed under."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
