"""Reports of mail servers: believed about the very sending and the very address, and about nothing else."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from apps.invoicing.delivery import operations, queueing
from apps.invoicing.delivery.bounces import read_report, record_report
from apps.invoicing.delivery.letters import message_id_of
from apps.invoicing.delivery.outcomes import sent
from tests.apps.invoicing.delivery.conftest import LATER, NOW, letter_of

pytestmark = pytest.mark.django_db
REPORT = """\
From: MAILER-DAEMON@mx.posta.it
To: noreply@cer.alba.it
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.posta.it

Final-Recipient: rfc822; {address}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User
 unknown

--b1
Content-Type: {headers}

From: CER Alba <noreply@cer.alba.it>
Subject: Rendiconto
Message-ID: {message_id}

--b1--
"""


@pytest.fixture
def letter(world):
    queueing.queue_statements(as_of=NOW)
    found = letter_of(world[1][0])
    claim = operations.claim_message(message_id=found.pk, as_of=NOW)
    assert claim is not None
    operations.record_outcome(claim=claim, outcome=sent("250"), as_of=NOW)
    return found


def report(letter, *, address="M1@Posta.Alba.it", action="failed", headers="text/rfc822-headers", message_id=""):
    fields = {"address": address, "action": action, "headers": headers, "message_id": message_id or message_id_of(letter)}
    return REPORT.format(**fields).encode()


def state(letter):
    letter.refresh_from_db()
    return letter.state


@pytest.mark.parametrize("headers", ["text/rfc822-headers", "message/rfc822"])
def test_a_letter_that_came_back_is_marked_with_the_reason_of_the_server(letter, headers, tmp_path):
    file = tmp_path / "bounce.eml"
    file.write_bytes(report(letter, headers=headers))
    out = StringIO()
    call_command("read_bounces", str(file), str(file), "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"read": 2, "bounced": 1, "ignored": 1}
    assert state(letter) == "bounced"
    assert letter.detail == "5.1.1 550 5.1.1 User unknown"


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "somebody@else.it"},
        {"message_id": "<cer.statement.1.9@cer.alba.it>"},
        {"message_id": "<20230409.1234@posta.it>"},
        {"action": "delayed"},
        {"headers": "text/plain"},
    ],
)
def test_other_reports_change_nothing(letter, changes):
    read = read_report(report(letter, **changes))
    assert read is None or not record_report(report=read, as_of=LATER)
    assert state(letter) == "sent"


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"Subject: x\n\nhello", b"Content-Type: multipart/report\n\nnothing"])
def test_what_is_no_report_is_none(db, content):
    assert read_report(content) is None
