"""The processes that the benchmark of the listener compares: `VARIANT CLIENT_ID PORT REDIS_URL COUNT`; prints one JSON object."""

import json
import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

KIB_PER_MIB = 1024


def main() -> None:
    variant, client_id, port, redis_url, count = sys.argv[1:]
    drain = {"ours": drain_ours, "task": drain_into_tasks, "drop": drain_and_drop}[variant]
    seconds, peak = drain(client_id, int(port), redis_url, int(count))
    print(json.dumps({"messages": int(count), "seconds": seconds, "peak_rss_mb": peak}))


def drain_ours(client_id: str, port: int, redis_url: str, count: int) -> tuple[float, float]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    from redis import Redis

    from apps.listener.listening import Listener
    from apps.listener.rows import BrokerRow, Rows
    from apps.metering.raw import FIELD, STREAM, decode_batch
    from celery_app import app

    row = BrokerRow(1, "127.0.0.1", port, False, "", "", "", client_id, ("#",))

    class FixedRows(threading.Thread):
        """In place of the rows of the database."""

        rows, last_error = Rows({1: row}, frozenset()), ""

        def run(self) -> None:
            threading.Event().wait()

        def end(self) -> None:
            pass

    redis: Any = Redis.from_url(redis_url, protocol=2)
    redis.delete(STREAM)
    with tempfile.TemporaryDirectory() as directory:
        listener = Listener(redis_url=redis_url, directory=Path(directory), celery=app)
        listener._watcher = FixedRows(daemon=True)  # type: ignore[assignment]
        acknowledge = listener._acknowledge
        safe = 0
        began = ended = 0.0

        def count_safe(batches: Any) -> None:
            nonlocal safe, began, ended
            acknowledge(batches)
            began = began or batches[0].first_at
            safe += sum(batch.messages for batch in batches)
            if safe >= count:
                ended = time.monotonic()
                listener.stop()

        listener._acknowledge = count_safe  # type: ignore[method-assign]
        listener.run()
    peak = _get_peak_mb()  # before the check below reads everything at once
    stored = {message.payload for _, fields in redis.xrange(STREAM) for message in decode_batch(fields[FIELD]).messages}
    redis.delete(STREAM, "ingest")
    if len(stored) != count:
        raise RuntimeError(f"{count} messages were sent and {len(stored)} stored: there is no figure.")
    return ended - began, peak


def drain_into_tasks(client_id: str, port: int, redis_url: str, count: int) -> tuple[float, float]:
    from celery import Celery

    app = Celery("pick", broker=redis_url)

    @app.task(name="store", ignore_result=True)
    def store(topic: str, payload: str) -> None:
        pass

    def on_message(_client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        store.delay(message.topic, message.payload.decode())

    return _drain(client_id, port, count, on_message)


def drain_and_drop(client_id: str, port: int, _redis_url: str, count: int) -> tuple[float, float]:
    return _drain(client_id, port, count, lambda *_: None)


def _drain(client_id: str, port: int, count: int, handle: Any) -> tuple[float, float]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    seen = 0
    began = ended = 0.0

    def on_message(client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        nonlocal seen, began, ended
        if not seen:
            began = time.monotonic()
        seen += 1
        handle(client, userdata, message)
        if seen == count:
            ended = time.monotonic()
            client.disconnect()

    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_forever()
    return ended - began, _get_peak_mb()


def _get_peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB


if __name__ == "__main__":
    main()
