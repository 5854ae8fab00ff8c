"""A member's statement: what it says, that it always says the same, and that nobody's text can change it."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from apps.engine.inputs import Contribution, Kind
from apps.engine.results import MissingHours
from reports import charts, formats
from reports.documents import ConfigurationFacts, Issuer, StatementDocument, YearRow
from reports.statement_pdf import StatementPress, render
from tests.reports import samples
from tests.reports.reading import cents, facts, pages, pixels, text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def press() -> StatementPress:
    return StatementPress()


def plain(value: str) -> str:
    return value.replace("\u00a0", " ")


def rows_after(heading: str, page: str) -> list[str]:
    return page[page.index(heading) :].splitlines()[1:]


@pytest.mark.parametrize("name", ["household", "producer", "quiet", "draft"])
def test_the_amounts_in_the_pdf_are_those_of_the_document(press, name):
    document = samples.ALL[name]()
    first, second = pages(press.render(document))
    assert (
        f"Quota del socio per {formats.month(document.year, document.month)}\n{plain(formats.euro(document.total_cents))}"
        in first
    )
    lines = rows_after("Voce Tutta la configurazione Quota del socio", first)
    printed = [[cents(f"{amount} €") for amount in re.findall(r"(−?[\d.]+,\d\d) €", line)] for line in lines[:4]]
    assert printed[:3] == [[share.pool_cents, share.amount_cents] for share in document.shares]
    assert printed[3] == [sum(pool for pool, _ in printed[:3]), sum(mine for _, mine in printed[:3])]  # the totals foot
    for share in document.shares:
        for step in share.steps:
            sign = -1 if step.account else 1
            assert plain(formats.signed_euro(sign * step.cents) if step.account else formats.euro(step.cents)) in second


@pytest.mark.parametrize("name", ["household", "producer", "quiet"])
def test_the_year_to_date_foots(press, name):
    document = samples.ALL[name]()
    _, second = pages(press.render(document))
    lines = rows_after("Mese Tariffa premio", second)
    rows = [[cents(f"{amount} €") for amount in re.findall(r"(−?[\d.]+,\d\d) €", line)] for line in lines]
    months = rows[: len(document.year_rows)]
    total = rows[len(document.year_rows)]
    running = 0
    for row, expected in zip(months, document.year_rows, strict=True):
        running += expected.total_cents
        assert row == [expected.premium_cents, expected.valorisation_cents, expected.excess_cents, expected.total_cents, running]
    assert total == [sum(column) for column in list(zip(*months, strict=True))[:4]]


def test_the_energy_is_written_with_its_meaning(press):
    document = samples.producer()
    first, _ = pages(press.render(document))
    for wh in (1_204_500, 802_989, 12_299_444, 5_271_174):
        assert plain(formats.kwh(wh)) in first
    assert "Presa dalla rete attraverso i" in first
    assert "66,67 %" in first
    for point in document.points:
        assert point.pod in first
    assert "dal 11/03/2023 al 31/12/2023" in first  # the last day is inclusive for people


def test_every_amount_is_explained_in_words_with_numbers(press):
    second = pages(press.render(samples.household()))[1]
    for sentence in (
        "Energia incentivata della configurazione: 144,343 kWh, a 119,99 €/MWh in media 17,32 €",
        "Meno il 10 % destinato al conto «gestione» −1,73 €",
        "Ai consumatori va il 50 % di quanto resta, in proporzione all'energia condivisa 7,79 €",
        "Quota del socio: 118,905 kWh su 35.252,652 kWh (0,34 %) 0,03 €",
        "Energia condivisa della configurazione 35.252,652 kWh × 8,48 €/MWh (tariffa di trasmissione TRASE) 298,94 €",
        "Ai consumatori va tutto il resto, in proporzione all'energia condivisa 269,05 €",
        "Questo mese non c'è importo eccedentario 0,00 €",
        "P01, fotovoltaico 99,9 kW senza premio: impianto preesistente 0,00 €",
        "P02, fotovoltaico 50 kW 144,343 kWh 119,99 €/MWh 17,32 €",
    ):
        assert sentence in second
    assert "La soglia non è superata." in second


def test_an_excess_is_taken_from_the_premium_and_told(press):
    second = pages(press.render(samples.producer()))[1]
    assert "Meno l'importo eccedentario, che ha un riparto suo −144,00 €" in second
    assert "I 5 punti oltre la soglia, sul premio di 2.880,00 €, fanno 144,00 € nell'anno e" in second
    assert "Meno il 100 % destinato al conto «fondo sociale» −144,00 €" in second
    assert "Al socio non va alcuna parte di questa voce 0,00 €" in second


def test_it_says_what_it_is_for_tax_and_what_it_is_not(press):
    second = pages(press.render(samples.household()))[1].replace("\n", " ")
    assert "Non è una fattura né un documento fiscale" in second
    assert "fuori dal campo di applicazione dell'IVA" in second
    assert "Imposta di bollo" not in second  # the switch is off by default
    assert "Imposta di bollo. 2,00 € su questo documento" in pages(press.render(samples.producer()))[1]


def test_only_an_approved_statement_has_no_banner(press):
    approved = text(press.render(samples.household()))
    assert "BOZZA" not in approved
    assert "approvato il 18/04/2023" in approved
    drafted = pages(press.render(samples.draft()))
    assert "BOZZA – non approvato" in drafted[0]
    assert "non ancora approvato" in drafted[0]
    assert "Calcolo provvisorio" in drafted[0]


def test_missing_hours_are_told_on_the_first_page_and_in_the_notes(press):
    first, second = pages(press.render(samples.draft()))
    assert "mancano 27 ore, contate come 0 kWh" in first
    assert "Misure mancanti. IT001E00000012: 27 ore. Queste ore non sono note" in second
    others = replace(samples.household(), configuration_missing_hours=61)
    first, second = pages(press.render(others))
    assert "mancano" not in first
    assert "a quelli di altri mancano in tutto 61 ore" in second.replace("\n", " ")
    one = replace(samples.household(), missing=(MissingHours("IT001E00000012", 1),))
    assert "manca 1 ora, contata come 0 kWh" in text(press.render(one))


def test_every_page_carries_reference_versions_hash_and_number(press):
    printed = pages(press.render(samples.household()))
    for number, page in enumerate(printed, start=1):
        assert "CER-ALBA-A/2023-03/v1/M00012 · regole 2024.1 · programma 0.1.0 · impronta 4f1c9e0a7b2d4f1c" in page
        assert f"Pagina {number} di 2" in page


def test_a_group_is_told_about_its_building(press):
    document = samples.household()
    group = replace(
        document,
        configuration=ConfigurationFacts("CONDOMINIO-1", Kind.GROUP, "AC001E01298"),
        valorisation=replace(document.valorisation, building_shared_wh=1_000_000, btau_ueur_per_mwh=590_000),
    )
    assert "energia condivisa nell'edificio 1.000,000 kWh × 0,59 €/MWh (BTAU)" in text(press.render(group)).replace("\n", " ")


def test_a_correction_may_be_negative(press):
    document = samples.household()
    shares = (replace(document.shares[0], amount_cents=-103), *document.shares[1:])
    first = pages(press.render(replace(document, shares=shares)))[0]
    assert "marzo 2023\n−0,12 €" in first


def test_the_bars_of_the_month_are_really_drawn(press):
    """Not the text but the pixels: each day's bar is as high as its energy, its shared part is green."""
    document = samples.household()
    picture = pixels(press.render(document)).astype(int)
    is_blue, is_green = (
        np.abs(picture - [int(color[at : at + 2], 16) for at in (1, 3, 5)]).max(axis=2) <= 6
        for color in (charts.WITHDRAWN, charts.SHARED)
    )
    is_bar = is_blue | is_green
    bottom = int(np.flatnonzero(is_bar.sum(axis=1) > 700).max()) + 1  # where all the bars stand
    is_bar, is_green = is_bar[bottom - 260 : bottom], is_green[bottom - 260 : bottom]
    edges = np.flatnonzero(np.diff(is_bar[-3].astype(int)))
    middles = (edges[0::2] + edges[1::2] + 1) // 2
    assert len(middles) == 31  # a bar for every day
    heights = np.array([is_bar[:, middle].sum() for middle in middles])
    energy = np.array(document.daily.withdrawn_wh)
    assert heights.max() > 200
    assert np.abs(heights - energy / energy.max() * heights.max()).max() <= 3
    shared = np.array([is_green[:, middle].sum() for middle in middles])
    assert np.abs(shared - np.array(document.daily.shared_wh) / energy * heights).max() <= 3


def test_the_same_document_gives_the_same_bytes_whatever_was_printed_before(press):
    document = samples.household()
    once = press.render(document)
    press.render(samples.producer())
    press.render(samples.hostile())
    assert press.render(document) == once
    assert StatementPress().render(document) == once
    assert render(document) == once
    assert facts(once)["CreationDate"] == "D:20230419"  # the day it was issued, not the day it was printed


@pytest.mark.parametrize(
    "surroundings", [{"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}, {"PYTHONHASHSEED": "77", "LC_ALL": "C", "LANG": "C"}]
)
def test_the_same_document_gives_the_same_bytes_in_another_process(press, surroundings):
    """Also: without Django settings, from another folder."""
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1])\n"
        "from tests.reports import samples\n"
        "from reports.statement_pdf import render\n"
        "print(hashlib.sha256(render(samples.producer())).hexdigest())"
    )
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"} | surroundings
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], env=environment, cwd="/", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == sha256(press.render(samples.producer())).hexdigest()


def test_one_changed_cent_changes_the_bytes(press):
    document = samples.household()
    other = replace(document, shares=(replace(document.shares[0], amount_cents=4), *document.shares[1:]))
    assert press.render(document) != press.render(other)


def test_hostile_texts_are_printed_as_texts(press, monkeypatch):
    opened: list[str] = []
    original = press._printer._fetcher.fetch

    def noting(self, url, headers=None):
        opened.append(url)
        return original(url)

    monkeypatch.setattr(type(press._printer._fetcher), "fetch", noting)
    printed = press.render(samples.hostile())
    everything = text(printed)
    assert "<script>alert(1)</script>" in everything
    assert '<img src="file:///etc/passwd">' in everything.replace("\n", " ") or 'src="file:///etc/passwd"' in everything
    assert "{{ view }} &amp;" in everything.replace("\n", " ")
    assert "root:" not in everything
    assert opened == []  # nothing was asked for, let alone opened
    assert b"/JavaScript" not in printed
    assert b"/URI" not in printed
    assert len(pages(printed)) <= 3
    for control in ("\u202e", "\u200f", "\x00", "\x07"):
        assert control not in everything
    assert "Quota del socio per marzo 2023\n0,94 €" in everything  # the layout held


def test_nothing_is_painted_outside_the_margins(press):
    for name in ("hostile", "long_names", "producer"):
        printed = press.render(samples.ALL[name]())
        for number in range(len(pages(printed))):
            picture = pixels(printed, number, scale=1)
            assert (picture[:, :40] == 255).all(), f"{name} page {number + 1} left"
            assert (picture[:, -40:] == 255).all(), f"{name} page {number + 1} right"
            assert (picture[:30] == 255).all(), f"{name} page {number + 1} top"


@pytest.mark.parametrize(
    "logo",
    [
        b"file:///etc/passwd",
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="a b c d" width="9" height="0"><path d="Q"/></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="1e999" height="-5" transform="matrix(0 0 0 0 x)"/></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><clipPath id="a"><g clip-path="url(#a)"/></clipPath>'
        b'<g clip-path="url(#a)"><rect width="9" height="9"/></g></svg>',
    ],
)
def test_a_bad_logo_costs_its_place_not_the_statement(press, logo):
    document = replace(samples.household(), issuer=replace(samples.ISSUER, logo=logo))
    assert "0,94 €" in text(press.render(document))


def test_a_logo_is_drawn(press):
    plain_one = pixels(press.render(replace(samples.household(), issuer=replace(samples.ISSUER, logo=None))), scale=1)
    with_logo = pixels(press.render(samples.household()), scale=1)
    corner = (slice(40, 100), slice(48, 160))
    orange = np.array([0xD9, 0x92, 0x2E])
    assert (np.abs(with_logo[corner].astype(int) - orange).max(axis=2) < 6).sum() > 100
    assert (np.abs(plain_one[corner].astype(int) - orange).max(axis=2) < 6).sum() == 0


def test_many_points_and_plants_are_summed_not_dropped(press):
    document = samples.long_names()
    everything = text(press.render(document))
    rest = document.points[8:]
    assert f"altri 4 punti {plain(formats.kwh(sum(point.withdrawn_wh for point in rest)))}" in everything
    cents_of_rest = sum(plant.premium_cents for plant in document.plants[8:])
    assert re.search(rf"altri 4 impianti .* {re.escape(plain(formats.euro(cents_of_rest)))}", everything)
    assert len(pages(press.render(document))) == 3


def test_a_december_with_everything_in_it_is_still_two_pages(press):
    producer, family = samples.producer(), samples.household()
    excess = replace(
        producer.shares[2],
        amount_cents=25,
        steps=(producer.shares[2].steps[0], replace(family.shares[1].steps[1], block_cents=7_200, cents=25)),
    )
    full = replace(
        producer,
        issuer=replace(samples.ISSUER, legal_form="association"),
        month=12,
        approved_on=None,
        shares=(*producer.shares[:2], excess),
        excess_sets=(producer.excess_sets[0], replace(producer.excess_sets[0], granted=True)),
        plants=producer.plants * 2,
        year_rows=tuple(YearRow(2023, month, 12_345, 2_345, 345) for month in range(1, 13)),
        daily=replace(producer.daily, days=samples.days_of(2023, 12)),
    )
    printed = pages(press.render(full))
    assert len(printed) == 2
    assert "Domande." in printed[1]
    assert "associazione · C.F. 90012345678" in printed[0]


def test_an_empty_document_still_prints(press):
    document = samples.quiet()
    bare = StatementDocument(
        issuer=Issuer("", ""),
        configuration=document.configuration,
        year=2023,
        month=2,
        reference="",
        version=1,
        run_kind=document.run_kind,
        approved_on=None,
        issued_on=document.issued_on,
        member=replace(document.member, name="", address="", tax_code=""),
        points=(),
        energy=document.energy,
        energy_of_configuration=document.energy,
        shares=(),
        plants=(),
        premium_gross_cents=0,
        valorisation=document.valorisation,
        excess_sets=(),
        year_rows=(),
        daily=replace(document.daily, days=(), withdrawn_wh=(), injected_wh=(), shared_wh=()),
    )
    printed = text(press.render(bare))
    assert "M00012" in printed  # the code stands in for the name
    assert "0,00 €" in printed


def test_keys_by_equal_parts_and_fixed_shares_are_told(press):
    document = samples.household()
    base = document.shares[1]
    equal = replace(base, steps=(replace(base.steps[1], key="equal", weight=1, weight_total=40),))
    fixed = replace(base, steps=(replace(base.steps[1], key="fixed", weight=125, weight_total=1_000),))
    second = pages(press.render(replace(document, shares=(equal,))))[1]
    assert "Ai consumatori va tutto il resto, in parti uguali" in second
    assert "Quota del socio: una parte su 40" in second
    second = pages(press.render(replace(document, shares=(fixed,))))[1]
    assert "secondo quote fisse" in second
    assert "Quota del socio: 12,5 %" in second


def test_what_nobody_has_a_title_to_is_told(press):
    document = samples.household()
    share = replace(
        document.shares[0],
        amount_cents=0,
        steps=(replace(document.shares[0].steps[0], block="undistributed", account="undistributed", percent=None, cents=1_732),),
    )
    second = pages(press.render(replace(document, shares=(share,))))[1]
    assert "Meno la parte a cui nessun socio ha titolo, tenuta sul conto «importi non ripartiti» −17,32 €" in second


def test_a_share_to_consumers_that_are_not_enterprises_is_told(press):
    document = samples.household()
    excess = replace(
        samples.producer().shares[2],
        contribution=Contribution.EXCESS,
        amount_cents=25,
        steps=(
            replace(samples.producer().shares[2].steps[0], percent=Decimal("50"), cents=7_200),
            replace(document.shares[1].steps[1], block_cents=7_200, cents=25),
        ),
    )
    second = pages(press.render(replace(document, shares=(*document.shares[:2], excess))))[1]
    assert "Ai soci che non sono imprese va il resto, in proporzione all'energia condivisa 72,00 €" in second
