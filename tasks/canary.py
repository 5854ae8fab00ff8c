"""The workers' door to the canary: a message of our own to the broker, and in Redis how that went."""

from urllib.parse import unquote, urlsplit

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from apps.metering.broker_status import note_confirmed, note_tried
from apps.metering.canary import TOPIC
from apps.metering.canary_rows import canary_port

PATIENCE_S = 4.0  # shorter than the beat
MICROSECONDS = 1_000_000


@shared_task(name="canary.sing")
def sing() -> None:
    """Send one message; a broker that does not take it is noted, not an error: the page says so."""
    if not settings.CANARY_URL:
        return
    try:
        _send(str(round(timezone.now().timestamp() * MICROSECONDS)).encode())
    except (OSError, RuntimeError, ValueError) as error:  # no way there; refused; no TLS
        note_tried(at=timezone.now(), error=str(error))
    else:
        note_confirmed(at=timezone.now())


def _send(payload: bytes) -> None:
    """Errors: `OSError`, `ValueError`, `RuntimeError` when the broker did not confirm in time."""
    parts = urlsplit(settings.CANARY_URL)
    client = Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
    if parts.username:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
    if parts.scheme == "mqtts":
        client.tls_set()
    client.connect_timeout = PATIENCE_S
    client.connect(parts.hostname or "localhost", canary_port(parts))
    client.loop_start()
    try:
        said = client.publish(TOPIC, payload, qos=1)
        said.wait_for_publish(PATIENCE_S)
        if not said.is_published():
            raise RuntimeError("The broker did not confirm the message in time, or refused the connection.")
    finally:
        client.disconnect()
        client.loop_stop()
