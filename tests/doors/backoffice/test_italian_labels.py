"""Pages that come with libraries speak Italian too."""

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from apps.accounts.models import User
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import PASSWORD

pytestmark = pytest.mark.django_db
ENGLISH = (
    "Periodic tasks",
    "Periodic Tasks",
    "Accounts",
    "MFA",
    "Crontab Schedule:",
    "Clocked Schedule:",
    "Enabled:",
    "Keyword",
    "Execution",
    "selected tasks",
)


@pytest.fixture
def root(as_user):
    return as_user(User.objects.create_superuser("root@example.org", PASSWORD))


@pytest.mark.parametrize(
    ("address", "italian"),
    [
        ("", "Attività pianificate"),
        ("django_celery_beat/periodictask/", "Esegui ora le attività scelte"),
        ("django_celery_beat/periodictask/add/", "Argomenti per nome"),
        ("django_celery_beat/crontabschedule/add/", "Giorni della settimana"),
        ("account/emailaddress/", "Indirizzi e-mail"),
        ("mfa/authenticator/", "Secondo fattore"),
    ],
)
def test_pages_of_libraries_have_italian_labels(root, address, italian):
    PeriodicTask.objects.create(name="prova", task="x", interval=IntervalSchedule.objects.create(every=2, period="hours"))
    page = words(root.get(f"/ceradmin/{address}"))
    assert italian in page
    assert [word for word in ENGLISH if word in page] == []
