"""Tests that look through the eyes of a person: a real Chromium, a real server, and a real Celery worker on request.

    def test_something(site, page, worker):
        page.goto("/ceradmin/")

`site` commits (rows are truncated after the test), `page` is a tab of its own with Italian settings, `worker` is a process.
Where no Chromium can be had the tests are skipped and say why. Do not mark these tests with `django_db`: `site` does it.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.doors.e2e.celery_process import celery_worker
from tests.doors.e2e.chromium import find_chromium

HERE = Path(__file__).parent
DESKTOP = {"width": 1280, "height": 900}
PATIENCE_MS = 60_000  # with everything: Playwright's own five seconds are short on a machine that does other things as well


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They need a browser, and static files that nobody collected are right in a test."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.filterwarnings("ignore:No directory at:UserWarning"))


@pytest.fixture(scope="package")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """The system's Chromium, headless. Ends with the package, because Playwright's event loop disturbs whoever follows."""
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the tests in a browser")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this thread, the ORM does not care
    options = ["--no-proxy-server", "--disable-dev-shm-usage", "--font-render-hinting=none"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=PATIENCE_MS)
    try:
        with sync_playwright() as playwright:
            try:
                chromium = playwright.chromium.launch(executable_path=program, args=options)
            except Error as error:
                pytest.skip(f"Chromium at {program} does not start: {str(error).splitlines()[0]}")
            yield chromium
            chromium.close()
            connections.close_all()  # Django keeps one connection for code inside an event loop, another for code outside
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture(scope="package")
def tidy_database(django_db_setup: None) -> Iterator[None]:
    """Leave the database to the next tests as it was: the threads of the live server, which outlive the browser's connections,
    must not keep a session open or nobody can drop it."""
    options = connections["default"].settings_dict
    before, options["CONN_MAX_AGE"] = options["CONN_MAX_AGE"], 0
    yield
    options["CONN_MAX_AGE"] = before


@pytest.fixture
def site(browser: Browser, tidy_database: None, transactional_db: None, live_server: LiveServer) -> str:
    """The address of a running server on the test's database."""
    return live_server.url


@pytest.fixture
def new_context(browser: Browser, site: str) -> Iterator[Callable[..., BrowserContext]]:
    """Makes separate visitors (cookies of their own): `new_context(viewport={"width": 390, "height": 844})`."""
    contexts: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(
            **({"base_url": site, "locale": "it-IT", "timezone_id": "Europe/Rome", "viewport": DESKTOP} | options)  # type: ignore[arg-type]
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A tab. An error in the page's own scripts, or a violation of the content security policy, fails the test."""
    tab = new_context().new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None)
    yield tab
    assert errors == []


@pytest.fixture
def worker(site: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker as a process, on this test's database, queue and data directory; its log is in `tmp_path`."""
    with celery_worker(log=tmp_path / "worker.log") as process:
        yield process
