"""The password file of a Mosquitto broker: who may come in, one line each, as `mosquitto_passwd` writes it.

Passwords are made here, shown once and kept only as PBKDF2 with SHA-512 and a salt. Being random, they need no costly stretching.
"""

import hashlib
import os
import secrets
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

FILE = "devices.passwords"
_ITERATIONS = 101  # Mosquitto's own number
_SALT_BYTES = 12
_PASSWORD_BYTES = 18
_NOT_IN_NAMES = set("+#:\n\r\0")


class NameUnusable(ValueError):
    """No device can come in under this name."""


def check_name(name: str) -> str:
    """Return the name. Errors: `NameUnusable`, for what the file or the rights of the broker cannot hold."""
    if not name or _NOT_IN_NAMES & set(name) or not name.isprintable():
        raise NameUnusable(f"{name!r} cannot be a user name at the broker: it is empty or has + # : or a control character.")
    return name


def make_password() -> str:
    """24 characters that survive any form, address and shell."""
    return secrets.token_urlsafe(_PASSWORD_BYTES).replace("-", "x").replace("_", "y")


def hash_password(password: str) -> str:
    salt = secrets.token_bytes(_SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(key).decode()}"


def read_passwords(path: Path) -> dict[str, str]:
    """Return name → hash; nothing where there is no file."""
    if not path.exists():
        return {}
    lines = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines() if line)
    return {name: hashed for name, _, hashed in lines}


def write_passwords(path: Path, hashes: Mapping[str, str]) -> None:
    """Replace the file in one step: the broker never sees half of it. Its owner alone may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{check_name(name)}:{hashed}\n" for name, hashed in sorted(hashes.items()))
    fresh.replace(path)
