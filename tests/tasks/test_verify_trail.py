"""The daily look at the audit trail: an alarm on the first page while it is broken, silence otherwise."""

import pytest
from django.db import connection, transaction
from django.test import Client

from apps.settlement.audit.checks import get_alarm
from apps.settlement.audit.operations import append_entry
from apps.settlement.models import AuditCheck, AuditEntry
from tasks.audit import verify_trail
from tests.apps.settlement.rows import make_computed_run, make_configuration, make_user
from tests.doors.backoffice.pages import words

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trail(settings, tmp_path):
    """Two steps of one run, anchored."""
    settings.DATA_DIR, settings.STATIC_ROOT = tmp_path / "data", tmp_path
    with transaction.atomic():
        run = make_computed_run(make_configuration(), computed_by=make_user("anna"))
    for action in (AuditEntry.Action.CLAIM, AuditEntry.Action.COMPUTE):
        with transaction.atomic():
            append_entry(run=run, action=action, from_state="computing", to_state="computed")
    yield run
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE settlement_auditentry DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM settlement_auditentry")
        cursor.execute("ALTER TABLE settlement_auditentry ENABLE TRIGGER USER")


def edit(reason):
    """As the owner of the database, behind the application's back."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE settlement_auditentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE settlement_auditentry SET reason = %s WHERE sequence = 1", [reason])
        cursor.execute("ALTER TABLE settlement_auditentry ENABLE TRIGGER USER")


def home():
    client = Client()
    user = make_user(f"root{AuditCheck.objects.count()}")
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return words(client.get("/ceradmin/"))


def test_an_intact_trail_raises_no_alarm(trail):
    verify_trail()
    check = AuditCheck.objects.get()
    assert (check.entries, check.sequence, check.sentence) == (2, None, "")
    assert get_alarm() is None
    assert "Il registro dei passi non è integro" not in home()


def test_a_broken_trail_stands_on_the_first_page_until_it_is_whole_again(trail):
    edit("scritto dopo")
    verify_trail()
    alarm = get_alarm()
    assert alarm is not None
    assert "Entry 1: edited" in alarm.sentence
    page = home()
    assert "Il registro dei passi non è integro" in page
    assert "Entry 1: edited" in page
    edit("")
    verify_trail()
    assert get_alarm() is None
    assert "Il registro dei passi non è integro" not in home()
