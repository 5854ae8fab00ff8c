"""A file between its preview and its confirmation: kept encrypted for half an hour, for one person, bound by its hash.

The token in the page names the file, the person and what the preview showed. If by then the file is gone, or the records have
changed so that the import would do something else, nothing is written and the person looks again.
"""

import base64
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.core import signing
from django.core.cache import cache

from apps.accounts.encryption import decrypt, encrypt
from apps.accounts.models import User

MAX_BYTES = 10 * 1024 * 1024
_SECONDS = 30 * 60
_SALT = "backoffice.held-file"


class TokenRefused(Exception):
    """The confirmation is not the one of a preview that this person saw, or it came too late."""


@dataclass(frozen=True, slots=True)
class HeldFile:
    name: str
    content: bytes
    shown_sha256: str


def hold_file(*, user: User, kind: str, name: str, content: bytes, shown: Sequence[object]) -> str:
    """Keep a file and return the token for its confirmation. `shown` is what the preview says, as values with a text."""
    sha256 = hashlib.sha256(content).hexdigest()
    key = _key(user, kind, sha256)
    packed = base64.b64encode(zlib.compress(content, 1)).decode()
    cache.set(key, encrypt(packed, place=key), _SECONDS)
    return signing.dumps({"kind": kind, "user": user.pk, "file": sha256, "name": name, "shown": digest(shown)}, salt=_SALT)


def take_file(*, user: User, kind: str, token: str) -> HeldFile:
    """The file of a token, still held. Errors: `TokenRefused`."""
    try:
        said = signing.loads(token, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature as error:
        raise TokenRefused from error
    if (said["kind"], said["user"]) != (kind, user.pk):
        raise TokenRefused
    key = _key(user, kind, said["file"])
    sealed = cache.get(key)
    if sealed is None:
        raise TokenRefused
    content = zlib.decompress(base64.b64decode(decrypt(sealed, place=key)))
    if hashlib.sha256(content).hexdigest() != said["file"]:
        raise TokenRefused
    return HeldFile(name=said["name"], content=content, shown_sha256=said["shown"])


def forget_file(*, user: User, kind: str, content: bytes) -> None:
    """Drop a file that was imported."""
    cache.delete(_key(user, kind, hashlib.sha256(content).hexdigest()))


def digest(shown: Sequence[object]) -> str:
    """One hash of what a preview shows."""
    return hashlib.sha256("\n".join(map(repr, shown)).encode()).hexdigest()


def _key(user: User, kind: str, sha256: str) -> str:
    return f"held-file:{kind}:{user.pk}:{sha256}"
