"""The four tables of the workbook: members, plants, hours, postings."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from apps.engine.calendar import utc_offset
from apps.engine.results import Line
from reports import formats, words
from reports.documents import WorkbookDocument, WorkbookPlant
from reports.workbook_cells import FIRST_ROW, Sheet
from reports.workbook_values import Column, Formula, Row, ratio


def write_members(sheet: Sheet, document: WorkbookDocument) -> None:
    """Who gets what: one row per member, in the order of the codes."""
    members = document.members
    columns = (
        Column("Codice", 12),
        Column("Nome", 34),
        Column("Tipo", 24),
        Column("Codice fiscale o partita IVA", 19),
        Column("Prelevata (kWh)", 14, "kwh", sum(member.withdrawn_wh for member in members)),
        Column("Immessa (kWh)", 14, "kwh", sum(member.injected_wh for member in members)),
        Column("Condivisa (kWh)", 14, "kwh", sum(member.shared_wh for member in members)),
        Column("Incentivata (kWh)", 14, "kwh", sum(member.incentivised_wh for member in members)),
        Column("Tariffa premio (€)", 13, "euro", sum(member.premium_cents for member in members)),
        Column("Valorizzazione (€)", 13, "euro", sum(member.valorisation_cents for member in members)),
        Column("Eccedentario (€)", 13, "euro", sum(member.excess_cents for member in members)),
        Column("Totale (€)", 13, "euro", sum(member.total_cents for member in members)),
    )

    def rows() -> Iterator[Row]:
        for number, member in enumerate(members, start=FIRST_ROW + 1):
            yield (
                member.code,
                member.name,
                words.MEMBER_KINDS.get(member.kind, member.kind),
                member.tax_code,
                member.withdrawn_wh,
                member.injected_wh,
                member.shared_wh,
                member.incentivised_wh,
                member.premium_cents,
                member.valorisation_cents,
                member.excess_cents,
                Formula(f"=SUM(I{number}:K{number})", member.total_cents, "euro"),
            )

    sheet.table(_title("Soci", document), columns, rows(), len(members))


def write_plants(sheet: Sheet, document: WorkbookDocument) -> None:
    """Which plant earned what, in cascade order."""
    plants = document.plants
    columns = (
        Column("Codice", 10),
        Column("POD", 17),
        Column("Socio", 11),
        Column("Fonte", 13),
        Column("Potenza (kW)", 10, "number"),
        Column("Regione", 20),
        Column("Zona", 8),
        Column("In esercizio dal", 12, "day"),
        Column("Contributo pubblico", 11, "percent"),
        Column("Immessa (kWh)", 14, "kwh", sum(plant.injected_wh for plant in plants)),
        Column("Usata dalla comunità (kWh)", 16, "kwh", sum(plant.taken_wh for plant in plants)),
        Column("Incentivata (kWh)", 16, "kwh", sum(plant.incentivised_wh for plant in plants)),
        Column("di cui senza riduzione (kWh)", 16, "kwh", sum(plant.exempt_wh for plant in plants)),
        Column("Tariffa media (€/MWh)", 12, "price"),
        Column("Premio (€)", 13, "euro", sum(plant.premium_cents for plant in plants)),
        Column("Perché senza premio", 30),
    )
    rows = (_plant_row(plant, number) for number, plant in enumerate(plants, start=FIRST_ROW + 1))
    sheet.table(_title("Impianti", document), columns, rows, len(plants))


def _plant_row(plant: WorkbookPlant, number: int) -> Row:
    average = ratio(plant.premium_cents * 10_000, plant.incentivised_wh) if plant.incentivised_wh else ""
    return (
        plant.code,
        plant.pod,
        plant.member,
        words.SOURCES.get(plant.source, plant.source),
        plant.power_kw,
        plant.region,
        plant.market_zone,
        plant.entered_operation_on,
        plant.grant_intensity,
        plant.injected_wh,
        plant.taken_wh,
        plant.incentivised_wh,
        plant.exempt_wh,
        Formula(f'=IF(L{number}=0,"",O{number}/L{number}*1000)', average, "price"),
        plant.premium_cents,
        words.REASONS.get(plant.not_incentivised_because, plant.not_incentivised_because),
    )


def write_hours(sheet: Sheet, document: WorkbookDocument) -> None:
    """Hour by hour: what was injected, withdrawn, shared, and what each plant gave. Local time is a text, because on the October
    night one hour comes twice; the UTC column is a real instant."""
    energies = [document.injected_wh, document.withdrawn_wh, document.shared_wh, *document.taken_wh]
    titles = [
        "Immessa (kWh)",
        "Prelevata (kWh)",
        "Condivisa (kWh)",
        *(f"Usata di {plant.code} (kWh)" for plant in document.plants),
    ]
    columns = [Column("Ora locale", 24), Column("Inizio (UTC)", 17, "instant")]
    columns += [Column(title[:60], 14, "kwh", int(energy.sum())) for title, energy in zip(titles, energies, strict=True)]
    instants = [instant.astype("datetime64[s]").item() for instant in document.hours_utc]

    def rows() -> Iterator[Row]:
        matrix = np.stack(energies, axis=1).tolist() if instants else []
        for instant, values in zip(instants, matrix, strict=True):
            yield (_local_text(instant), instant, *values)

    sheet.table(_title("Energia oraria", document), columns, rows(), len(instants))


def _local_text(instant: datetime) -> str:
    offset = utc_offset(instant.replace(tzinfo=UTC))
    return f"{instant + offset:%d/%m/%Y %H:%M} (+{offset.seconds // 3600:02d}:00)"


def write_lines(sheet: Sheet, document: WorkbookDocument) -> None:
    """Every posting: what went to which member or account, and why."""
    names = {member.code: member.name for member in document.members}
    columns = (
        Column("Voce", 30),
        Column("Passaggio", 40),
        Column("Socio", 12),
        Column("Conto", 22),
        Column("Nome", 34),
        Column("Da ripartire (€)", 14, "euro"),
        Column("Quota", 12, "percent"),
        Column("Importo (€)", 14, "euro", sum(line.cents for line in document.lines)),
    )
    steps: dict[tuple[str, str], str] = {}

    def rows() -> Iterator[Row]:
        for line in document.lines:
            step = steps.get((line.block, line.key))
            if step is None:
                step = steps[line.block, line.key] = step_name(line)
            yield (
                words.CONTRIBUTIONS[line.contribution],
                step,
                line.member,
                words.account(line.account),
                names.get(line.member, ""),
                line.block_cents,
                _share(line),
                line.cents,
            )

    sheet.table(_title("Movimenti", document), columns, rows(), len(document.lines))


def step_name(line: Line) -> str:
    """The step in words: `consumatori, per energia condivisa`."""
    block = words.BLOCKS.get(line.block, line.block)
    return f"{block}, per {words.KEYS.get(line.key, line.key)}" if line.key else block


def _share(line: Line) -> Decimal | None:
    """The part of `block_cents`, to eight decimals, for the eye: the amount beside it is the exact one."""
    if line.percent is not None:
        return line.percent.scaleb(-2)
    if line.weight_total:
        return ratio(line.weight, line.weight_total)
    return None


def _title(name: str, document: WorkbookDocument) -> str:
    return f"{name} – {formats.month(document.year, document.month)} – {document.configuration.code}"
