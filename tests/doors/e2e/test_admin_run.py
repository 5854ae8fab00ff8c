"""A month settled by people: one administrator starts it and watches, another approves, workers do the rest."""

import re
import subprocess
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from apps.settlement.models import SettlementRun
from tests.doors.backoffice.village import PASSWORD, Village, make_measures, make_prices, make_village, open_run

PATIENCE_MS = 60_000


def build_village() -> Village:
    village = make_village()
    make_prices()
    make_measures(village)
    return village


def log_in(page: Page, address: str) -> None:
    page.goto("/ceradmin/")
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill(address)
    page.get_by_label(re.compile("password", re.IGNORECASE)).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/ceradmin/")


def test_two_people_settle_a_month(
    site: str, page: Page, new_context: Callable[..., BrowserContext], worker: subprocess.Popen[bytes]
):
    village = build_village()

    # Anna starts the run from the board and sees that nothing is missing
    log_in(page, village.anna.email)
    page.goto("/ceradmin/?until=2023-02")
    page.get_by_role("link", name="Regola febbraio 2023").click()
    expect(page.get_by_text("Non manca niente.")).to_be_visible()
    page.get_by_role("button", name="Avvia").click()

    # she watches until the result comes by itself, without touching anything
    expect(page.get_by_role("heading", name="Energia del mese")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("224,000 kWh").first).to_be_visible()
    expect(page.locator("progress")).to_have_count(0)
    expect(page.get_by_text("deve approvarlo un’altra persona")).to_be_visible()
    expect(page.get_by_role("button", name="Approva questo risultato")).to_have_count(0)
    address = page.url

    # Bruno approves what he sees
    colleague = new_context().new_page()
    log_in(colleague, village.bruno.email)
    colleague.get_by_role("link", name="CER-V-A, febbraio 2023, provvisoria").click()
    assert colleague.url == address
    colleague.get_by_role("button", name="Approva questo risultato").click()
    expect(colleague.get_by_role("heading", name="Documenti")).to_be_visible()

    # the documents become ready while he looks, and he takes one home
    expect(colleague.get_by_text("Pronti: 5 su 5.")).to_be_visible(timeout=PATIENCE_MS)
    expect(colleague.locator("[hx-get]")).to_have_count(0)
    with colleague.expect_download() as taken:
        colleague.get_by_role("link", name=re.compile("^Scarica .*M1")).click()
    assert taken.value.path().read_bytes().startswith(b"%PDF")

    # with the last document the run is issued; Anna's page, drawn before, may not decide about it any more
    colleague.goto(address)
    expect(colleague.locator(".pill").first).to_have_text("emessa", timeout=PATIENCE_MS)
    page.goto(address)
    for browser, reference in ((colleague, "CRO 1"), (page, "CRO 2")):
        browser.locator("summary", has_text="Segna come pagata").click()
        browser.get_by_label("Data del pagamento").fill("2023-04-05")
        browser.get_by_label("Riferimento della banca").fill(reference)
        browser.get_by_label("Confermo che la banca").check()
        browser.get_by_role("button", name="Segna come pagata").click()
    expect(colleague.get_by_text("Pagata il 05/04/2023, riferimento CRO 1.")).to_be_visible()
    expect(page.get_by_role("heading", name="La regolazione è andata avanti mentre la guardavi")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Bruno1").filter(has_text="pagata")).to_be_visible()


def test_a_run_without_prices_stops_and_goes_on_when_they_are_there(site: str, page: Page, worker: subprocess.Popen[bytes]):
    village = make_village()
    make_measures(village)
    log_in(page, village.anna.email)
    page.goto("/ceradmin/settlement/settlementrun/new/")
    page.get_by_label("Mese").select_option("2")
    page.get_by_label("Anno").fill("2023")
    page.get_by_role("button", name="Controlla che cosa manca").click()
    expect(page.get_by_text("Mancano i prezzi della zona NORD per 672 ore")).to_be_visible()
    page.get_by_role("button", name="Avvia").click()

    expect(page.get_by_role("heading", name="Sospesa")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".gap.stops")).to_contain_text("NORD")
    make_prices()
    page.get_by_role("button", name="Riprova").click()
    expect(page.get_by_role("heading", name="Energia del mese")).to_be_visible(timeout=PATIENCE_MS)


def test_the_progress_survives_a_reload(site: str, page: Page):
    """Without a worker: the bar stays, asks again after a reload, and stops when the run has ended."""
    village = build_village()
    run = open_run(village)
    log_in(page, village.anna.email)
    page.goto(f"/ceradmin/settlement/settlementrun/{run.pk}/")
    SettlementRun.objects.filter(pk=run.pk).update(state="computing", phase="decide", steps_done=1, steps_total=4)
    expect(page.get_by_text("Calcolo di energia condivisa e importi")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Passo 1 di 4")).to_be_visible()
    SettlementRun.objects.filter(pk=run.pk).update(phase="write", steps_done=3)
    expect(page.get_by_text("Passo 3 di 4")).to_be_visible()
    assert page.locator("progress").get_attribute("aria-label") == "Avanzamento del calcolo"
    SettlementRun.objects.filter(pk=run.pk).update(state="failed", error="It crashed.")
    expect(page.get_by_role("heading", name="Non riuscita")).to_be_visible()
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.resource_type, request.url)))
    page.wait_for_timeout(2500)
    # the browser itself may still fetch the picture of the tab: what counts is what the page asks for
    assert [url for kind, url in asked if kind in ("xhr", "fetch", "document")] == []
