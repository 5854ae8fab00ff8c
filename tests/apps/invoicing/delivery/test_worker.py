"""A real Celery worker between the outbox and a real socket: from the tick of the timetable to the letter, once."""

import time
from datetime import timedelta

import pytest

from apps.invoicing.models import MailMessage
from tasks.mail import deliver, queue_statements, send_waiting
from tests.apps.invoicing.delivery.conftest import make_world, steps_of
from tests.doors.e2e.celery_process import celery_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PATIENCE_S = 60


def wait_until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, list(MailMessage.objects.values_list("key", "state", "detail"))
        time.sleep(0.1)


def test_ticks_that_come_doubled_send_each_letter_once(postman, monkeypatch, tmp_path):
    monkeypatch.setattr("apps.invoicing.delivery.queueing.FRESH", timedelta(days=36500))
    make_world(6)
    queue_statements()
    assert MailMessage.objects.filter(state="queued").count() == 6
    monkeypatch.setenv("EMAIL_URL", postman.url)
    monkeypatch.setenv("EMAIL_FROM", "noreply@cer.alba.it")
    with celery_worker(log=tmp_path / "worker.log", concurrency=2):
        for _ in range(3):
            send_waiting.delay()
        for message_id in [*MailMessage.objects.values_list("pk", flat=True)] * 2:
            deliver.delay(message_id)
        wait_until(lambda: MailMessage.objects.filter(state="sent").count() == 6)
    recipients = sorted(recipient for _, recipient in postman.envelopes)
    assert recipients == [f"m{n}@posta.alba.it" for n in range(1, 7)]
    assert [steps_of(message) for message in MailMessage.objects.all()] == [["queued", "sending", "sent"]] * 6
