"""The row of the broker that `MQTT_URL` names, for the demo and for tests; real installations keep rows in the backoffice."""

import secrets
from urllib.parse import unquote, urlsplit

from django.db import transaction

from apps.metering.models import Broker

PLAIN_PORT, TLS_PORT = 1883, 8883
EVERYTHING = ["#"]


@transaction.atomic
def ensure_broker_from_url(url: str, *, name: str = "MQTT_URL") -> Broker:
    """The row `name`, made or brought up to `mqtt://user:password@host:port` or `mqtts://…`. Idempotent.

    The identifier of the client is drawn once and then stays, because the session at the broker hangs on it; so do topics that
    somebody chose. Errors: `ValueError` for another kind of address.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise ValueError(f"A broker's address is mqtt://host or mqtts://host, not {parts.scheme or 'nothing'}://….")
    tls = parts.scheme == "mqtts"
    address = {
        "host": parts.hostname,
        "port": parts.port or (TLS_PORT if tls else PLAIN_PORT),
        "tls": tls,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
    }
    new = {"client_id": f"cercollettiva-{secrets.token_hex(8)}", "topics": EVERYTHING}
    broker, _ = Broker.objects.update_or_create(name=name, defaults=address, create_defaults=address | new)
    return broker
