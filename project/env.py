"""The only reader of the environment. A wrong value stops the start with one sentence."""

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
PII_KEY_BYTES = 32
MOST_DAYS = 36_500
AUDIT_PURPOSE = b"cercollettiva: chain of the audit trail, version 1"


@dataclass(frozen=True)
class Environment:
    """Every value that an operator may set; `interfaces` in README.md lists them with their defaults."""

    debug: bool
    allowed_hosts: tuple[str, ...]
    secret_key: str
    pii_keys: tuple[tuple[str, bytes], ...]
    audit_keys: dict[str, bytes]
    database_url: str
    redis_url: str
    mqtt_url: str
    canary_url: str
    data_dir: Path
    public_url: str
    email_url: str
    email_from: str
    presence_days: int
    code_version: str


def read_environment() -> Environment:
    """Read and check everything once. Errors: `ImproperlyConfigured` with a full sentence naming the variable."""
    env = environ.Env()
    if (BASE_DIR / ".env").is_file():
        env.read_env(BASE_DIR / ".env")
    data_dir = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
    allowed_hosts = tuple(host for host in env.list("ALLOWED_HOSTS", default=[]) if host)
    local = not allowed_hosts
    pii_keys = _pii_keys(env, data_dir=data_dir, local=local)
    public_url = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
    return Environment(
        debug=_bool(env, "DEBUG"),
        allowed_hosts=allowed_hosts or LOCAL_HOSTS,
        secret_key=_secret_key(env, data_dir=data_dir, local=local),
        pii_keys=pii_keys,
        audit_keys={key_id: _audit_key(key) for key_id, key in pii_keys},
        database_url=_url(env, "DATABASE_URL", ("postgres", "postgresql")),
        redis_url=_url(env, "REDIS_URL", ("redis", "rediss", "unix")),
        mqtt_url=(mqtt_url := _url(env, "MQTT_URL", ("mqtt", "mqtts"), required=False)),
        canary_url=_url(env, "CANARY_URL", ("mqtt", "mqtts"), required=False) or mqtt_url,
        data_dir=data_dir,
        public_url=public_url,
        email_url=env.str("EMAIL_URL", default="consolemail://"),
        email_from=_sender(env, public_url=public_url),
        presence_days=_days(env, "PRESENCE_DAYS", default=400),
        code_version=env.str("CODE_VERSION", default=_code_version()),
    )


def read_failpoints() -> str:
    """`FAILPOINTS` as it was set for this process, empty when it was not; `project.failpoints` says what it means.

    Apart from the rest: a harness arms processes that never read a database address.
    """
    return str(environ.Env().str("FAILPOINTS", default=""))


def _bool(env: environ.Env, name: str) -> bool:
    text = env.str(name, default="false").strip().lower()
    if text not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} is {text!r}, which is neither true nor false. Set {name}=true or {name}=false.")
    return text in {"true", "1", "yes", "on"}


def _days(env: environ.Env, name: str, *, default: int) -> int:
    text = env.str(name, default="").strip() or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise ImproperlyConfigured(
            f"{name} is {text!r}, which is no number of days. Set it to a whole number from 1 to {MOST_DAYS}."
        )
    return int(text)


def _url(env: environ.Env, name: str, schemes: tuple[str, ...], *, required: bool = True) -> str:
    value: str = env.str(name, default="").strip()
    if not value and not required:
        return ""
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it to {schemes[0]}://…, or run the command with private servers: "
            "manage.py servers -- COMMAND."
        )
    if urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with {' or '.join(s + '://' for s in schemes)}; it begins otherwise.")
    return value


def _sender(env: environ.Env, *, public_url: str) -> str:
    """The address that letters come from; `noreply` at the host of the portal unless it is said."""
    value: str = env.str("EMAIL_FROM", default="").strip() or f"noreply@{urlsplit(public_url).hostname or 'localhost'}"
    name, at, domain = value.rpartition("@")
    if not at or not name or not domain or any(character.isspace() or character in "<>," for character in value):
        raise ImproperlyConfigured(f"EMAIL_FROM is {value!r}, which is no address. Set it to the address that letters come from.")
    return value


def _secret_key(env: environ.Env, *, data_dir: Path, local: bool) -> str:
    value = env.str("SECRET_KEY", default="")
    if value:
        return str(value)
    if not local:
        raise ImproperlyConfigured("SECRET_KEY is not set. Set it to 50 or more random characters before serving other hosts.")
    return _kept(data_dir / "secrets" / "secret_key", lambda: secrets.token_urlsafe(50))


def _pii_keys(env: environ.Env, *, data_dir: Path, local: bool) -> tuple[tuple[str, bytes], ...]:
    """`PII_KEYS` is `id:base64,id:base64`: the first encrypts, all decrypt. 32 bytes each."""
    text = env.str("PII_KEYS", default="")
    if not text:
        if not local:
            raise ImproperlyConfigured("PII_KEYS is not set. Set it to id:base64-of-32-random-bytes before serving other hosts.")
        text = _kept(data_dir / "secrets" / "pii_keys", lambda: "k1:" + base64.b64encode(secrets.token_bytes(32)).decode())
    keys: list[tuple[str, bytes]] = []
    for part in text.split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not key_id or len(key) != PII_KEY_BYTES:
            raise ImproperlyConfigured("PII_KEYS must be id:base64[,id:base64…] where each key decodes to exactly 32 bytes.")
        keys.append((key_id, key))
    return tuple(keys)


def _audit_key(pii_key: bytes) -> bytes:
    """The key that seals the audit trail: 32 bytes that say nothing about the key they come from, and rotate with it."""
    return hmac.new(pii_key, AUDIT_PURPOSE, hashlib.sha256).digest()


def _kept(path: Path, make: object) -> str:
    """A secret of a local installation: made once, readable by its owner alone, kept next to the data."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    value = str(make())  # type: ignore[operator]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
    return value


def _code_version() -> str:
    """The version of the code, for documents and manifests: the packaged VERSION file."""
    return (BASE_DIR / "VERSION").read_text().strip()
