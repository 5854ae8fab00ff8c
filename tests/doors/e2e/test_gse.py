"""A prospectus of GSE goes in as a person sees it: columns, words, preview, confirmation, reconciliation, explanation."""

from pathlib import Path

from playwright.sync_api import Page, expect

from apps.settlement.models import DifferenceNote, GsePublication
from tests.doors.backoffice.village import make_village
from tests.doors.e2e.test_admin_run import log_in

PROSPECTUS = """Prospetto degli importi;;;;;;
Periodo;Contratto;Voce;Tipologia;Importo;Data pubblicazione;Documento
02/2023;CER000777;Tariffa premio;Saldo;1.234,56;25/03/2023;C-1
Totale;;;;1.234,56;;
"""


def test_a_prospectus_is_read_with_the_help_of_a_person(site: str, page: Page, tmp_path: Path) -> None:
    village = make_village()
    file = tmp_path / "prospetto.csv"
    file.write_text(PROSPECTUS, encoding="utf-8")
    log_in(page, village.anna.email)
    page.get_by_role("link", name="GSE e banca").first.click()
    page.get_by_role("link", name="Importa dal GSE o dalla banca").click()
    page.set_input_files("input[type=file]", str(file))
    page.get_by_role("button", name="Leggi il file").click()
    expect(page.get_by_label("mese", exact=True)).to_have_value("0")
    page.get_by_role("button", name="Mostra l’anteprima").click()
    page.get_by_label("configurazione o contratto: CER000777").select_option(village.configuration.code)
    page.get_by_label("tipo (acconto, conguaglio, ricalcolo): Saldo").select_option("conguaglio")
    page.get_by_role("button", name="Aggiorna l’anteprima").click()
    expect(page.get_by_text("Finora non è stato scritto niente.")).to_be_visible()
    assert not GsePublication.objects.exists()
    page.get_by_role("button", name="Conferma e importa").click()
    expect(page.get_by_text("importato: 1 nuovi, 0 sostituiti, 0 già noti, 1 righe rifiutate.")).to_be_visible()
    assert GsePublication.objects.get().cents == 1_234_56

    page.get_by_role("link", name="2023").first.click()
    page.get_by_role("link", name="febbraio 2023").first.click()
    missing = page.get_by_role("region", name="Tariffa premio, banca e GSE")
    missing.get_by_label("Perché è a posto").fill("La banca ha confermato il bonifico per telefono.")
    missing.get_by_role("button", name="Segna come spiegata").click()
    expect(page.get_by_text("La differenza è spiegata, con il tuo nome.")).to_be_visible()
    assert DifferenceNote.objects.get().difference_cents == -1_234_56
