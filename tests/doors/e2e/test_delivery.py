"""Letters through the eyes of an administrator: the first page warns, one press decides, and all of it fits a telephone."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from apps.communities.models import Member
from apps.invoicing.delivery import operations, queueing
from apps.invoicing.delivery.outcomes import bounced, sent, unknown
from apps.invoicing.models import MailMessage
from apps.invoicing.reminders.operations import keep_reminders
from tests.doors.backoffice.village import Village, make_village
from tests.doors.e2e.test_admin_run import log_in
from tests.doors.portal.rows import make_month, make_statement

NOW = datetime(2023, 4, 9, 6, 0, tzinfo=UTC)
LETTERS = "/ceradmin/invoicing/mailmessage/"


@pytest.fixture
def village(site: str) -> Village:
    """March is issued; one letter arrived, one came back, of one nobody knows."""
    made = make_village()
    members = list(Member.objects.filter(community=made.configuration.community).order_by("code"))
    for member in members:
        Member.objects.filter(pk=member.pk).update(email=f"nome.cognome.{member.code.lower()}@posta.it")
    run = make_month(made.configuration, date(2023, 3, 1), members, state="issued")
    for member in members:
        make_statement(run, member)
    queueing.queue_statements(as_of=NOW)
    outcomes = [sent("250 2.0.0 Ok: queued as 4XyZ"), bounced("550 5.1.1 User unknown"), unknown("TimeoutError: timed out")]
    for letter, outcome in zip(MailMessage.objects.order_by("member__code"), outcomes, strict=True):
        claim = operations.claim_message(message_id=letter.pk, as_of=NOW)
        assert claim is not None
        operations.record_outcome(claim=claim, outcome=outcome, as_of=NOW)
    keep_reminders(as_of=datetime(2023, 4, 26, 6, 0, tzinfo=UTC))
    return made


def test_an_unknown_letter_is_decided_from_the_first_page(village: Village, page: Page):
    log_in(page, village.anna.email)
    page.get_by_text("non si sa se sia arrivata").click()
    page.get_by_role("link", name="Rendiconto di marzo 2023 a Socio 3").click()
    expect(page.get_by_text("Non parte di nuovo da sola.")).to_be_visible()
    page.get_by_text("Invia di nuovo comunque").click()
    page.get_by_label("Perché di nuovo").fill("Non l’ha ricevuta")
    page.get_by_role("button", name="Metti in coda").click()
    expect(page.get_by_text("L’e-mail è in coda.")).to_be_visible()
    expect(page.get_by_text("Non l’ha ricevuta")).to_be_visible()
    assert MailMessage.objects.get(member__code="M3").state == "queued"


def test_nothing_is_wider_than_a_telephone(village: Village, new_context: Callable[..., BrowserContext]):
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    log_in(page, village.anna.email)
    letter = MailMessage.objects.get(member__code="M3")
    assert letter.document is not None
    for address in (
        "/ceradmin/",
        "/ceradmin/invoicing/reminder/",
        "/ceradmin/invoicing/reminder/calendar/",
        LETTERS,
        f"{LETTERS}{letter.pk}/",
        f"{LETTERS}run/{letter.document.run_id}/",
        f"{LETTERS}member/{letter.member_id}/",
        f"{LETTERS}community/{village.configuration.community_id}/",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
