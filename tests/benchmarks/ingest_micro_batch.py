"""What a careful user would build: our listener, our parser, and `bulk_create` of whole micro-batches. Only for comparison.

Generous to itself: it keeps no journal, no states, no dead letters and no marks. One process, as ours has one worker; it reads
the same entries of the same stream, and acknowledges them after the commit.
"""

import os
from typing import Any

BLOCK_MS = 200


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    from django.db import transaction
    from redis import Redis

    from apps.metering.ingest.hearing import hear
    from apps.metering.ingest.identities import device_ids, series_ids
    from apps.metering.models import Broker
    from apps.metering.raw import FIELD, GROUP, STREAM, decode_batch
    from tasks.ingest import ENTRIES
    from tests.benchmarks.default_table import store

    redis: Any = Redis.from_url(os.environ["REDIS_URL"], protocol=2)
    while True:
        answer = redis.xreadgroup(GROUP, "peer", {STREAM: ">"}, count=ENTRIES, block=BLOCK_MS)
        entries = answer[0][1] if answer else []
        if not entries:
            continue
        with transaction.atomic():
            brokers = set(Broker.objects.values_list("pk", flat=True))
            heard = hear([decode_batch(fields[FIELD]) for _, fields in entries], brokers=brokers)
            series = series_ids(heard.readings, device_ids(heard.presences))
            store(
                (number, one.measured_us, one.register_milliwh, one.received_us)
                for number, one in zip(series, heard.readings, strict=True)
            )
        ids = [entry_id for entry_id, _ in entries]
        redis.xack(STREAM, GROUP, *ids)
        redis.xdel(STREAM, *ids)


if __name__ == "__main__":
    main()
