"""A member, in a real browser: logs in, sees the months, takes the statement home; the bytes are those that were stored."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from apps.communities.models import Member
from apps.invoicing.models import IssuedDocument
from apps.portal.amounts import euro
from apps.settlement.models import MemberResult
from tests.doors.portal.rows import PASSWORD, make_configuration, make_member, make_month, make_statement, make_user

PHONE = {"width": 390, "height": 844}
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 300


@pytest.fixture
def anna(site: str) -> Member:
    """A member with a year of approved months, the last statement still to be rendered."""
    configuration = make_configuration()
    member = make_member(configuration, "M1", make_user("anna@example.org", name="Anna Bianchi"), name="Anna Bianchi")
    for month in range(1, 13):
        run = make_month(configuration, date(2023, month, 1), [member])
        make_statement(run, member, content=PDF + bytes([month]), state="pending" if month == 12 else "ready")
    return member


def log_in(page: Page, email: str) -> None:
    page.goto("/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Accedi").click()


def test_a_member_downloads_the_stored_statement(page: Page, anna: Member, tmp_path: Path):
    log_in(page, "anna@example.org")
    expect(page.get_by_role("heading", level=1)).to_have_text("Anna Bianchi")
    expect(page.locator("tbody tr")).to_have_count(12)
    expect(page.locator("tbody tr").first).to_contain_text("in preparazione")
    march = page.locator("tbody tr", has_text="Marzo")
    result = MemberResult.objects.get(member=anna, run__month=date(2023, 3, 1))
    expect(march).to_contain_text(euro(result.total_cents))

    with page.expect_download() as waiting:
        march.get_by_role("link", name="Scarica").click()
    file = tmp_path / "statement.pdf"
    waiting.value.save_as(file)
    stored = IssuedDocument.objects.get(member=anna, run__month=date(2023, 3, 1))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == stored.sha256
    assert waiting.value.suggested_filename == "rendiconto-2023-03-cer-alba-a-m1.pdf"


def test_the_month_page_leads_to_the_same_statement(page: Page, anna: Member):
    log_in(page, "anna@example.org")
    page.get_by_role("link", name="Marzo 2023", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Marzo 2023")
    expect(page.get_by_role("img", name="Energia prelevata e condivisa giorno per giorno")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Scarica il rendiconto").click()
    assert waiting.value.path().read_bytes() == PDF + bytes([3])


def test_another_visitor_is_led_to_the_log_in(anna: Member, new_context: Callable[..., BrowserContext]):
    page = new_context().new_page()
    document = IssuedDocument.objects.filter(member=anna).first()
    assert document is not None
    page.goto(f"/statements/{document.pk}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Accedi")


def test_the_pages_fit_a_telephone(anna: Member, new_context: Callable[..., BrowserContext]):
    page = new_context(viewport=PHONE).new_page()
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    page.goto("/account/login/")
    assert not page.evaluate(wide)
    log_in(page, "anna@example.org")
    expect(page.locator("tbody tr")).to_have_count(12)
    assert not page.evaluate(wide)
    page.get_by_role("link", name="Marzo 2023", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Marzo 2023")
    assert not page.evaluate(wide)


def test_the_keyboard_is_enough(page: Page, anna: Member):
    page.goto("/account/login/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Vai al contenuto")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type("anna@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Anna Bianchi")
    summary = page.locator("details.menu summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Cambia password")).to_be_visible()
