"""The canary on the real way: broker, listener, stream, worker, row."""

from datetime import timedelta

import pytest
from django.utils import timezone
from redis import Redis

from apps.backoffice.devices.status import see_canary
from apps.metering import broker_status
from apps.metering.broker_status import get_sung
from apps.metering.canary_rows import get_through
from apps.metering.ingest import store_batches
from apps.metering.ingest.identities import forget_identities
from apps.metering.raw import FIELD, STREAM
from tasks.canary import sing
from tests.doors.listener.conftest import Place, wait_for


@pytest.fixture(autouse=True)
def same_redis(place: Place, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CANARY_URL = place.servers.servers["mqtt"].url
    redis = Redis.from_url(place.redis_url, protocol=2)
    monkeypatch.setattr(broker_status, "_redis", lambda: redis)


def test_a_message_of_our_own_comes_through_and_each_cut_is_told(place: Place) -> None:
    def said(later_s: int = 0) -> str:
        return see_canary(as_of=timezone.now() + timedelta(seconds=later_s)).value

    assert said() == "ferma: nessuno manda il messaggio di prova"
    place.listen()
    sing()
    wait_for(lambda: broker_status.get_broker_status(place.broker.pk).last_canary_at, "the listener's word")
    assert said() == "interrotta fra l'ascolto e la banca dati"
    forget_identities()
    store_batches([fields[FIELD] for _, fields in place.redis.xrange(STREAM)])
    through = get_through(place.broker.pk)
    assert through is not None
    assert timedelta() < through.stored_at - through.sent_at < timedelta(seconds=20)
    assert said() == "via libera"
    assert said(later_s=25) == "ferma: nessuno manda il messaggio di prova"


def test_a_broker_that_is_away_is_told_with_its_reason(place: Place) -> None:
    place.stop("mqtt")
    sing()
    sung = get_sung()
    assert sung is not None
    assert sung.confirmed_at is None
    assert "refused" in sung.error
    tile = see_canary(as_of=timezone.now())
    assert tile.value == "interrotta: il broker non lo prende"
    assert "refused" in tile.detail
