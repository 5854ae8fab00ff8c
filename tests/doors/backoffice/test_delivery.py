"""Letters and reminders in the backoffice: administrators act, accountants look, strangers see nothing, looking is reading."""

from datetime import UTC, date, datetime
from itertools import product

import pytest

from apps.backoffice.delivery.labels import address_of_reminder
from apps.communities.models import Configuration, Member
from apps.invoicing.delivery import operations, queueing
from apps.invoicing.delivery.choices import choose_for_member
from apps.invoicing.delivery.outcomes import bounced, failed, sent, unknown
from apps.invoicing.models import CommunityDelivery, MailMessage, PersonInCharge, Reminder, ReminderSilence
from apps.invoicing.reminders.operations import keep_reminders
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.test_access import fingerprint
from tests.doors.portal.rows import make_month, make_statement

pytestmark = pytest.mark.django_db
LETTERS = "/ceradmin/invoicing/mailmessage/"
REMINDERS = "/ceradmin/invoicing/reminder/"
NOW = datetime(2023, 4, 9, 6, 0, tzinfo=UTC)
TAILS = (
    "{letter}/",
    "{letter}/decide/",
    "run/{run}/",
    "run/{run}/again/",
    "run/{run}/queue/",
    "member/{member}/",
    "community/{community}/",
)


@pytest.fixture
def letters(village):
    """An issued month of three members: one letter arrived, one failed, of one nobody knows."""
    members = list(Member.objects.filter(community=village.configuration.community).order_by("code"))
    for member in members:
        Member.objects.filter(pk=member.pk).update(email=f"{member.code.lower()}@posta.it")
    run = make_month(village.configuration, date(2023, 3, 1), members, state="issued")
    for member in members:
        make_statement(run, member)
    queueing.queue_statements(as_of=NOW)
    found = list(MailMessage.objects.order_by("member__code"))
    for letter, outcome in zip(found, [sent("250 taken"), failed("554 no"), unknown("cut off")], strict=True):
        claim = operations.claim_message(message_id=letter.pk, as_of=NOW)
        assert claim is not None
        operations.record_outcome(claim=claim, outcome=outcome, as_of=NOW)
        letter.refresh_from_db()
    return found


def addresses(letter, village):
    names = {
        "letter": letter.pk,
        "run": letter.document.run_id,
        "member": letter.member_id,
        "community": village.configuration.community_id,
    }
    return [LETTERS + tail.format(**names) for tail in TAILS]


def decide(client, letter, decision, reason="", step=None):
    seen = letter.steps.latest("pk").pk if step is None else step
    answer = client.post(
        f"{LETTERS}{letter.pk}/decide/", {"seen_step": seen, "decision": decision, "reason": reason}, follow=True
    )
    letter.refresh_from_db()
    return answer


def test_a_run_says_who_got_what_and_why_not(letters, village, anna):
    run = letters[0].document.run
    member = Member.objects.create(community=village.configuration.community, code="M9", name="Senza posta", kind="household")
    make_statement(run, member)
    page = words(anna.get(f"{LETTERS}run/{run.pk}/"))
    assert "M1 · Socio 1 inviata m1@posta.it 09/04/2023 08:00 09/04/2023 08:00 250 taken" in page
    assert "M2 · Socio 2 non riuscita m2@posta.it 09/04/2023 08:00 – 554 no" in page
    assert "M3 · Socio 3 esito ignoto m3@posta.it" in page
    assert "M9 · Senza posta nessun indirizzo" in page
    assert "Di 1 e-mail non si sa se sia arrivata" in page


def test_all_that_failed_is_sent_again_and_nothing_else(letters, anna):
    answer = anna.post(f"{LETTERS}run/{letters[0].document.run_id}/again/", follow=True)
    assert "1 e-mail è in coda." in words(answer)
    assert [letter.state for letter in MailMessage.objects.order_by("member__code")] == ["sent", "queued", "unknown"]


def test_an_unknown_letter_is_decided_with_a_reason(letters, anna, village):
    letter = letters[2]
    page = words(anna.get(f"{LETTERS}{letter.pk}/"))
    assert "Non si sa se questa e-mail sia arrivata" in page
    assert "Invia di nuovo comunque" in page
    assert "Scrivi perché" in words(decide(anna, letter, "again"))
    assert letter.state == "unknown"
    decide(anna, letter, "arrived", "al telefono")
    assert letter.state == "sent"
    assert letter.steps.latest("pk").user == village.anna


def test_a_sent_letter_asks_before_it_goes_again(letters, anna):
    assert "il destinatario ne riceverà un’altra" in words(anna.get(f"{LETTERS}{letters[0].pk}/"))
    decide(anna, letters[0], "again")
    assert letters[0].state == "sent"
    decide(anna, letters[0], "again", "l’ha cancellata")
    assert (letters[0].state, letters[0].occasion) == ("queued", 2)


def test_a_stale_screen_decides_nothing(letters, anna, bruno):
    letter = letters[2]
    seen = letter.steps.latest("pk").pk
    decide(bruno, letter, "arrived", "visto")
    answer = decide(anna, letter, "again", "persa", step=seen)
    assert answer.status_code == 409
    assert (letter.state, letter.steps.count()) == ("sent", 4)


def test_a_letter_that_came_back_is_noted(letters, anna):
    decide(anna, letters[0], "bounced", "casella piena")
    assert (letters[0].state, letters[0].detail) == ("bounced", "casella piena")


def test_strangers_get_404_whatever_they_ask(letters, village, as_user):
    client = as_user(village.stranger)
    before = fingerprint()
    for address, method in product(addresses(letters[0], village), ("get", "post", "put", "delete")):
        assert getattr(client, method)(address).status_code == 404, (method, address)
    assert "posta.it" not in words(client.get(LETTERS))
    assert fingerprint() == before


def test_accountants_look_and_do_not_act(letters, village, as_user):
    client = as_user(village.carla)
    before = fingerprint()
    for address in addresses(letters[2], village):
        is_action = address.endswith(("decide/", "again/", "queue/"))
        assert client.get(address).status_code == (405 if is_action else 200), address
        assert client.post(address, {"decision": "again", "seen_step": 0}).status_code == (
            403 if is_action or "community" in address else 405
        ), address
    assert "Invia di nuovo" not in words(client.get(f"{LETTERS}{letters[2].pk}/"))
    assert fingerprint() == before


def test_old_statements_are_queued_by_hand(letters, village, anna):
    run = make_month(village.configuration, date(2022, 3, 1), [letters[0].member], state="issued")
    make_statement(run, letters[0].member)
    assert queueing.queue_statements(as_of=NOW) == 0
    page = words(anna.get(f"{LETTERS}run/{run.pk}/"))
    assert "non ancora in coda" in page
    assert "1 e-mail è in coda." in words(anna.post(f"{LETTERS}run/{run.pk}/queue/", follow=True))


def test_a_members_page_has_address_choice_and_history(letters, village, anna):
    member = letters[0].member
    choose_for_member(member=member, wants_statements=False, language="en", changed_by=village.anna, as_of=NOW)
    page = words(anna.get(f"{LETTERS}member/{member.pk}/"))
    assert "m1@posta.it non vuole e-mail 09/04/2023 08:00 Lingua: Inglese" in page
    assert "marzo 2023 CER-V-A inviata m1@posta.it" in page
    assert "E-mail inviate a questo socio" in words(anna.get(f"/ceradmin/communities/member/{member.pk}/change/"))


def test_the_community_decides_how_and_who(village, anna, as_user):
    address = f"{LETTERS}community/{village.configuration.community_id}/"
    assert "solo il collegamento al portale" in words(anna.get(address))
    assert not CommunityDelivery.objects.exists()
    assert anna.post(address, {"statements": "attach", "in_charge": village.bruno.pk}).status_code == 302
    assert CommunityDelivery.objects.get().statements == "attach"
    assert PersonInCharge.objects.get().user == village.bruno
    assert ReminderSilence.objects.get().user == village.anna
    anna.post(address, {"statements": "attach", "in_charge": village.bruno.pk, "reminders": "on"})
    assert PersonInCharge.objects.count() == 1
    assert not ReminderSilence.objects.exists()
    for wrong in ({"statements": "pigeon"}, {"statements": "link", "in_charge": village.stranger.pk}):
        assert anna.post(address, wrong).status_code == 400
    assert CommunityDelivery.objects.get().statements == "attach"


@pytest.fixture
def reminders(letters):
    Configuration.objects.update(starts_on=date(2023, 2, 1))
    keep_reminders(as_of=datetime(2023, 4, 26, 6, 0, tzinfo=UTC))
    return list(Reminder.objects.order_by("due_on", "key"))


def test_reminders_stand_on_the_home_page_and_can_be_closed(reminders, anna, village):
    home = words(anna.get("/ceradmin/"))
    assert "Di 1 e-mail non si sa se sia arrivata" in home
    assert "20/03/2023 CER-V-A, febbraio 2023: nessuna regolazione approvata." in home
    page = anna.get(REMINDERS)
    assert "20/03/2023 scaduto" in words(page)
    first = reminders[0]
    assert anna.post(f"{REMINDERS}{first.pk}/finish/").status_code == 302
    first.refresh_from_db()
    assert first.done_by == village.anna
    assert first.key in {row.key for row in Reminder.objects.filter(done_at__isnull=False)}
    assert "Anna1" in words(anna.get(REMINDERS, {"show": "done"}))


@pytest.mark.parametrize(("who", "may_act"), [("anna", True), ("carla", False)])
def test_every_reminder_leads_somewhere(reminders, village, as_user, who, may_act):
    client = as_user(getattr(village, who))
    page = client.get(REMINDERS).content.decode()
    assert {row.kind for row in reminders} >= {"month_missing", "gse_expected", "mail_trouble"}
    for row in reminders:
        address = address_of_reminder(row, may_act=may_act)
        assert address.replace("&", "&amp;") in page
        assert client.get(address).status_code == 200, address


def test_reminders_of_others_do_not_exist(reminders, village, as_user):
    stranger, carla = as_user(village.stranger), as_user(village.carla)
    assert "CER-V-A" not in words(stranger.get(REMINDERS)) + words(stranger.get("/ceradmin/"))
    assert stranger.post(f"{REMINDERS}{reminders[0].pk}/finish/").status_code == 404
    assert carla.post(f"{REMINDERS}{reminders[0].pk}/finish/").status_code == 403
    assert carla.get(f"{REMINDERS}{reminders[0].pk}/finish/").status_code == 405
    assert "Fatto" not in words(carla.get(REMINDERS)).replace("Fatto da", "")


def test_the_calendar_lists_the_coming_dates(village, anna, monkeypatch):
    monkeypatch.setattr("apps.backoffice.delivery.reminders.timezone.localdate", lambda: date(2025, 4, 28))
    page = words(anna.get(f"{REMINDERS}calendar/"))
    assert "15/05/2025 Conguaglio: pubblicazione 2024" in page
    assert "30/04/2025 Acconto: pagamento febbraio 2025" in page
    assert "30/06/2025 Ricalcolo: pubblicazione giugno 2025" in page


def test_bounced_with_the_same_address_waits_for_a_new_one(letters, anna, village):
    claim_free = letters[1]
    operations.send_again(
        message_id=claim_free.pk, asked_by=village.anna, reason="", seen_step=claim_free.steps.latest("pk").pk, as_of=NOW
    )
    claim = operations.claim_message(message_id=claim_free.pk, as_of=NOW)
    assert claim is not None
    operations.record_outcome(claim=claim, outcome=bounced("550"), as_of=NOW)
    answer = anna.post(f"{LETTERS}run/{claim_free.document.run_id}/again/", follow=True)
    assert "correggi prima gli indirizzi respinti" in words(answer)
