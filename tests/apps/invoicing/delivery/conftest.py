"""What the tests of letters share: an issued month whose statements lie in the store, a postman, and the outbox."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from apps.communities.models import Member
from apps.invoicing.delivery.models import MailMessage
from tests.apps.invoicing.delivery.postman import postman_at_work
from tests.doors.portal.rows import make_configuration, make_member, make_month, make_statement, make_user

NOW = datetime(2023, 4, 8, 10, 0, tzinfo=UTC)  # the run is issued on 8 April at 9
LATER = NOW + timedelta(days=3)
MONTH = date(2023, 3, 1)
PDF = b"%PDF-1.7 rendiconto di prova"


@pytest.fixture(autouse=True)
def _italian():
    with translation.override("it"):
        yield


@pytest.fixture
def postman(settings):
    with postman_at_work() as postman:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", postman.port, 60
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_FROM, settings.PUBLIC_URL = "noreply@cer.alba.it", "https://cer.alba.it"
        yield postman


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def clerk(world):
    return make_user("segreteria@alba.it", name="Sara", is_staff=True)


def make_world(count: int = 1):
    """An issued run of `count` members with addresses, and their statements. Returns (run, members, documents)."""
    configuration = make_configuration()
    members = [make_member(configuration, f"M{n}", email=f"m{n}@posta.alba.it") for n in range(1, count + 1)]
    run = make_month(configuration, MONTH, members, state="issued")
    return run, members, [make_statement(run, member, content=PDF) for member in members]


def letter_of(member: Member) -> MailMessage:
    return MailMessage.objects.get(member=member)


def steps_of(message: MailMessage) -> list[str]:
    return list(message.steps.values_list("to_state", flat=True))
