"""What the tests in a browser stand on: the server answers the browser, and the worker works on the same database."""

import subprocess
import time
from datetime import date

from django.utils import timezone
from playwright.sync_api import Page

from apps.communities.models import Community, Configuration
from apps.settlement.models import RuleParameter, SettlementRun
from celery_app import app


def test_a_page_of_the_site_opens_in_the_browser(site: str, page: Page):
    answer = page.goto("/account/login/")
    assert answer is not None
    assert answer.status == 200
    assert page.evaluate("document.location.origin") == site


def test_the_values_of_the_law_are_there_in_every_test(site: str):
    assert RuleParameter.objects.exists()


def test_a_worker_process_takes_a_task_of_the_test(site: str, worker: subprocess.Popen[bytes]):
    community = Community.objects.create(code="C", name="C", tax_code="1")
    configuration = Configuration.objects.create(
        community=community, code="C-A", kind="cer", primary_substation="AC001E00001", starts_on=date(2023, 1, 1)
    )
    run = SettlementRun.objects.create(configuration=configuration, month=date(2023, 3, 1), version=1, opened_at=timezone.now())
    app.send_task("settlement.settle_month", [run.pk])
    deadline = time.monotonic() + 120
    while run.state != SettlementRun.State.PARKED and time.monotonic() < deadline:
        time.sleep(0.1)
        run.refresh_from_db()
    assert (run.state, run.attempts) == (SettlementRun.State.PARKED, 1)  # an empty configuration cannot be settled
