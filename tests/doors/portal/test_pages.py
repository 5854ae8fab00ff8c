"""What the pages say, in numbers that can be checked against the rows."""

from datetime import date

import pytest

from apps.portal.amounts import MINUS, NBSP, euro, kwh
from apps.settlement.models import MemberResult
from tests.doors.portal.rows import approve, make_configuration, make_member, make_month, make_statement, make_user, result_of


@pytest.fixture
def user(db):
    return make_user("anna@example.org", name="Anna")


@pytest.fixture
def member(configuration, user):
    return make_member(configuration, "M1", user, name="Anna Bianchi")


@pytest.fixture
def read(user, as_user):
    """The text of a page, blanks single."""
    client = as_user(user)

    def get(url: str) -> str:
        answer = client.get(url)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().replace(NBSP, "~").split()).replace("~", NBSP)

    return get


MONTHS = (
    *("Gennaio", "Febbraio", "Marzo", "Aprile", "Maggio", "Giugno"),
    *("Luglio", "Agosto", "Settembre", "Ottobre", "Novembre", "Dicembre"),
)


def months_of(page: str) -> list[str]:
    """The months of the list, in the order of the page."""
    listing = page[page.index("<tbody>") :]
    return sorted((name for name in MONTHS if f">{name}<" in listing), key=lambda name: listing.index(f">{name}<"))


def test_months_are_listed_newest_first_with_a_running_total(configuration, member, read):
    runs = [make_month(configuration, date(2023, month, 1), [member]) for month in (3, 1, 2)]
    for run in runs:
        make_statement(run, member)
    page = read(f"/members/{member.pk}/")
    assert months_of(page) == ["Marzo", "Febbraio", "Gennaio"]
    march, january, february = (result_of(run, member) for run in runs)
    total = sum(row.total_cents for row in (march, january, february))
    assert total > 0
    assert page.count(euro(total)) >= 2  # the year's figure and the running total of March
    assert euro(january.total_cents + february.total_cents) in page
    assert kwh(march.shared_wh, 1) in page
    assert page.count("/statements/") == 3


def test_only_the_year_asked_for_is_shown_and_the_latest_unless_asked(configuration, member, read):
    for year in (2022, 2023):
        make_month(configuration, date(year, 5 + year - 2022, 1), [member])
    assert months_of(read(f"/members/{member.pk}/")) == ["Giugno"]
    assert months_of(read(f"/members/{member.pk}/2022/")) == ["Maggio"]


@pytest.mark.parametrize("state", ["pending", "failed", "missing"])
def test_a_statement_that_is_not_ready_is_in_preparation(configuration, member, read, state):
    run = make_month(configuration, date(2023, 3, 1), [member])
    if state != "missing":
        make_statement(run, member, state=state)
    page = read(f"/members/{member.pk}/")
    assert "in preparazione" in page
    assert "/statements/" not in page
    assert "Rendiconto in preparazione" in read(f"/months/{result_of(run, member).pk}/")


def test_a_reversed_month_is_shown_and_adds_nothing(configuration, member, read):
    run = make_month(configuration, date(2023, 1, 1), [member])
    reversed_run = make_month(configuration, date(2023, 2, 1), [member], state="reversed")
    page = read(f"/members/{member.pk}/")
    assert "stornato" in page
    january, february = result_of(run, member), result_of(reversed_run, member)
    assert euro(february.total_cents) in page
    year = page[page.index("Riconosciuti") : page.index("Energia condivisa")]
    assert euro(january.total_cents) in year
    assert euro(january.total_cents + february.total_cents) not in page
    month = read(f"/months/{result_of(reversed_run, member).pk}/")
    assert "gli importi qui sotto non valgono più" in month
    assert "Importo stornato" in month
    assert "Ti spettano" not in month


def test_two_configurations_of_one_month_are_two_rows(configuration, member, read):
    other = make_configuration(configuration.community.code)
    for where in (configuration, other):
        make_month(where, date(2023, 3, 1), [member])
    page = read(f"/members/{member.pk}/")
    assert page.count(">Marzo<") == 2
    assert configuration.code in page
    assert other.code in page


def test_a_month_in_which_the_member_had_no_point_is_no_month_of_theirs(configuration, member, read):
    run = make_month(configuration, date(2023, 3, 1), [make_member(configuration, "M2")], state="computed")
    nothing = dict.fromkeys(("injected_wh", "withdrawn_wh", "shared_wh", "incentivised_wh"), 0)
    MemberResult.objects.create(run=run, member=member, **nothing, premium_cents=0, valorisation_cents=0, excess_cents=0)
    approve(run)
    assert "Ancora nessun mese" in read(f"/members/{member.pk}/")


def test_the_month_tells_where_each_euro_comes_from(configuration, member, read):
    other = make_member(configuration, "M2", name="Azienda")
    run = make_month(configuration, date(2023, 6, 1), [member, other], producers=[other])
    mine = result_of(run, member)
    page = read(f"/months/{mine.pk}/")
    premium = run.contributions.get(contribution="premium").amount_cents
    entry = run.entries.get(member=member, contribution="premium")
    management = run.entries.get(account="management")
    for amount in (mine.total_cents, mine.premium_cents, mine.valorisation_cents, premium, entry.block_cents, entry.cents):
        assert euro(amount) in page
    assert f"{MINUS}{euro(management.cents)}" in page
    assert f"10{NBSP}% va al conto «gestione»" in page
    assert f"{kwh(int(entry.weight))} su {kwh(int(entry.weight_total))}" in page
    assert "Questo mese la comunità non ha ricevuto nulla per questa voce" in page
    assert kwh(mine.withdrawn_wh) in page
    assert "Usata dalla comunità" not in page
    assert page.count("<svg") == 2  # one picture, wide and narrow


def test_a_producers_month_shows_what_the_community_used(configuration, member, read):
    run = make_month(configuration, date(2023, 6, 1), [member], producers=[member])
    page = read(f"/months/{result_of(run, member).pk}/")
    assert "Usata dalla comunità" in page
    assert kwh(result_of(run, member).incentivised_wh) in page
    assert page.count("<svg") == 4


def test_missing_hours_are_said(configuration, member, read):
    run = make_month(configuration, date(2023, 6, 1), [member], missing_hours=5)
    assert "Per 5 ore la misura dei tuoi contatori non è arrivata" in read(f"/months/{result_of(run, member).pk}/")


def test_hostile_names_are_text(configuration, user, read):
    evil = make_member(configuration, "<img src=x>", user, name="<script>alert(1)</script>")
    run = make_month(configuration, date(2023, 3, 1), [evil])
    for url in (f"/members/{evil.pk}/", f"/months/{result_of(run, evil).pk}/"):
        page = read(url)
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page or url.startswith("/months/")


def test_pages_have_a_language_one_heading_and_labels(configuration, member, read):
    run = make_month(configuration, date(2023, 3, 1), [member])
    for url in (f"/members/{member.pk}/", f"/months/{result_of(run, member).pk}/"):
        page = read(url)
        assert '<html lang="it">' in page
        assert page.count("<h1") == 1
        assert page.count("<main") == 1
        assert page.count("<svg") == page.count('role="img"')


def test_english_readers_get_english_numbers(configuration, member, as_user, user):
    make_month(configuration, date(2023, 3, 1), [member])
    client = as_user(user)
    client.cookies["django_language"] = "en"
    page = client.get(f"/members/{member.pk}/").content.decode()
    assert '<html lang="en">' in page
    assert "March" in page


@pytest.mark.parametrize(
    ("cents", "text"),
    [(0, "0,00"), (5, "0,05"), (-5, f"{MINUS}0,05"), (123456789, "1.234.567,89"), (-100_000, f"{MINUS}1.000,00")],
)
def test_cents_are_written_as_italians_write_euros(cents, text):
    assert euro(cents) == f"{text}{NBSP}€"
