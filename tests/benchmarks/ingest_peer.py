"""What a user would build first: one Celery task per message, one ORM row per reading. Only for comparison."""

import os
import sys
import time

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
app = Celery("peer", broker=os.environ["REDIS_URL"])
app.conf.task_ignore_result = True
app.conf.task_acks_late = True
app.conf.task_default_queue = "peer"


@app.task(name="peer.store")
def store(topic: str, payload: str, received_us: int, broker_id: int) -> None:
    import django

    django.setup()
    from django.db import transaction

    from apps.engine.telemetry import Parsed, parse_message
    from apps.metering.ingest.moments import moment
    from apps.metering.models import Device, Reading, RegisterSeries

    parsed = parse_message(topic, payload.encode(), moment(received_us))
    if not isinstance(parsed, Parsed):
        raise RuntimeError(f"The benchmark sent a message that cannot be read: {parsed.sentence}")
    with transaction.atomic():
        device, _ = Device.objects.get_or_create(
            broker_id=broker_id,
            vendor=parsed.source.vendor,
            key=parsed.source.key,
            defaults={"first_seen_at": parsed.received_at},
        )
        for register in parsed.registers:
            series, _ = RegisterSeries.objects.get_or_create(
                device=device, component=register.component, channel=register.channel.value
            )
            Reading.objects.get_or_create(
                series_id=series.pk,
                measured_at=parsed.measured_at,
                register_milliwh=register.register_milliwh,
                defaults={"received_at": parsed.received_at},
            )


def listen(host: str, port: int, client_id: str, topic: str, broker_id: int) -> None:
    """Receive for ever, a task for each message."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    def on_message(client: object, data: object, message: object) -> None:
        store.delay(message.topic, message.payload.decode(), time.time_ns() // 1000, broker_id)  # type: ignore[attr-defined]

    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    client.on_message = on_message
    client.connect(host, port)
    client.subscribe(topic, qos=1)
    client.loop_forever()


if __name__ == "__main__":
    listen(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
