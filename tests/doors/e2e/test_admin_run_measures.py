"""Measures brought in by a person: upload, preview, confirmation, and the heat map that turns green."""

import subprocess

from playwright.sync_api import Page, expect

from apps.metering.models import DayCurve
from tests.doors.backoffice.village import make_village
from tests.doors.e2e.test_admin_run import log_in


def test_a_file_is_looked_at_first_and_then_imported(site: str, page: Page, worker: subprocess.Popen[bytes]):
    village = make_village()
    village.anna.is_superuser = True
    village.anna.save()
    quarters = [f"{village.pods[1]};2023-02-{day:02}T{hour:02}:00:00+01:00;;0,5" for day in (1, 2) for hour in range(24)]
    lines = ["pod;starts_at;injected_kwh;withdrawn_kwh", *quarters, f"{village.pods[1]};2023-02-03T00:00:00;;0,5"]
    log_in(page, village.anna.email)
    page.get_by_role("navigation", name="Sezioni").get_by_role("link", name="Misure").click()
    page.get_by_role("link", name="Importa misure").click()
    page.get_by_label("File CSV").set_input_files(
        {"name": "febbraio.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    )
    page.get_by_role("button", name="Carica e mostra l’anteprima").click()

    expect(page.get_by_text("Anteprima: non è stato ancora scritto niente")).to_be_visible()
    expect(page.locator("dl.tiles")).to_contain_text("48")
    expect(page.get_by_role("row", name="50")).to_be_visible()
    assert not DayCurve.objects.exists()
    page.get_by_role("button", name="Importa", exact=True).click()
    expect(page.get_by_role("heading", name="Importato")).to_be_visible()
    assert DayCurve.objects.filter(pod_key=village.pods[1]).exists()

    page.get_by_role("link", name="Guarda la completezza").click()
    page.get_by_label("Mese").select_option("2")
    page.get_by_label("Anno").fill("2023")
    page.get_by_role("button", name="Mostra").click()
    expect(page.get_by_role("img")).to_be_visible()
    expect(page.get_by_role("row", name=f"{village.pods[1]} 624 672 in parte")).to_be_visible()
