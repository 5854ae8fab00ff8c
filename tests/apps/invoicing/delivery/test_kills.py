"""Workers die anywhere and come in crowds: a letter is never sent twice in silence, and what nobody knows is said to be unknown.

Real processes, a real socket, real commits. The negative control sends first and marks afterwards, and must send twice.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections
from django.utils import timezone

from apps.invoicing.delivery import operations, queries, queueing
from apps.invoicing.delivery.carrier import hand_over
from apps.invoicing.delivery.letters import write_letter
from apps.invoicing.delivery.models import MailMessage
from tasks.mail import deliver
from tests.apps.invoicing.delivery.conftest import NOW, make_world, steps_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
ROOT = Path(__file__).resolve().parents[4]
WORKER = "import django, sys; django.setup(); from tasks.mail import deliver; deliver(int(sys.argv[1]))"


@pytest.fixture
def letter(transactional_db):
    make_world()
    queueing.queue_statements(as_of=NOW)
    return MailMessage.objects.get()


def start_worker(postman, message_id: int, failpoints: str = "") -> subprocess.Popen[str]:
    address = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DATABASE_URL": address._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "EMAIL_URL": postman.url,
        "FAILPOINTS": failpoints,
    }
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(message_id)], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )


def run_worker(postman, message_id: int, failpoints: str = "") -> tuple[int, str]:
    worker = start_worker(postman, message_id, failpoints)
    _, said = worker.communicate(timeout=180)
    return worker.returncode, said


@pytest.mark.parametrize(
    ("failpoint", "taken"),
    [("mail.after_claim", 0), ("mail.before_data", 0), ("mail.in_data", 0), ("mail.after_conversation", 1)],
)
def test_a_killed_worker_leaves_an_unknown_letter_that_nobody_sends_again(letter, postman, failpoint, taken):
    code, said = run_worker(postman, letter.pk, f"{failpoint}=kill")
    assert code == -signal.SIGKILL, said
    assert f"failpoint {failpoint}: kill" in said
    # the queue gives the task back, the timetable ticks: nothing happens
    assert run_worker(postman, letter.pk)[0] == 0
    soon = timezone.now() + timedelta(minutes=1)
    assert operations.notice_lost(as_of=soon) == 0
    assert queries.list_due(as_of=soon, limit=9) == []
    later = timezone.now() + operations.UNKNOWN_AFTER + timedelta(minutes=1)
    assert [operations.notice_lost(as_of=later) for _ in range(2)] == [1, 0]
    letter.refresh_from_db()
    assert letter.state == "unknown"
    assert run_worker(postman, letter.pk)[0] == 0
    assert queries.list_due(as_of=later + timedelta(days=9), limit=9) == []
    assert len(postman.taken) == taken
    assert steps_of(letter) == ["queued", "sending", "unknown"]


def test_a_worker_killed_while_the_server_takes_the_letter(letter, postman):
    postman.slow_at = "."
    worker = start_worker(postman, letter.pk)
    assert postman.reached.wait(180)
    worker.kill()
    worker.communicate(timeout=180)
    postman.release.set()
    assert run_worker(postman, letter.pk)[0] == 0
    letter.refresh_from_db()
    assert (letter.state, len(postman.taken)) == ("sending", 1)


def in_parallel(count: int, action) -> None:
    barrier = threading.Barrier(count)

    def once() -> None:
        barrier.wait()
        try:
            action()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=once) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_eight_workers_at_once_send_one_letter(letter, postman):
    in_parallel(8, lambda: deliver(letter.pk))
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == ("sent", 1)
    assert (len(postman.taken), postman.conversations) == (1, 1)


def release_when_two_talk(postman) -> None:
    deadline = time.monotonic() + 20
    while postman.conversations < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    postman.release.set()


def test_the_control_that_marks_after_sending_sends_twice(letter, postman):
    """Without a claim before the conversation, the same crowd and the same kill do send twice: the tests above can see it."""
    postman.slow_at = "."
    threading.Thread(target=release_when_two_talk, args=(postman,)).start()

    def careless() -> None:
        message = queries.get_message(message_id=letter.pk)
        if message.state == "queued":
            outcome = hand_over(write_letter(message))
            MailMessage.objects.filter(pk=letter.pk).update(state=outcome.state, sent_at=NOW)

    in_parallel(4, careless)
    assert len(postman.taken) > 1


def test_four_clerks_queue_each_statement_once(transactional_db):
    make_world(5)
    in_parallel(4, lambda: queueing.queue_statements(as_of=NOW))
    assert MailMessage.objects.count() == 5
    assert [steps_of(message) for message in MailMessage.objects.all()] == [["queued"]] * 5
