"""A settled month to print: a small community, its input, its result, its workbook."""

from datetime import date
from decimal import Decimal
from functools import cache
from random import Random

from apps.engine.calendar import hours_in_month, month_hours_array
from apps.engine.digest import inputs_sha256, result_sha256
from apps.engine.inputs import Deduction, Distribution, ExcessSplit, MonthInputs, Split, YearToDate
from apps.engine.results import MonthResult
from apps.engine.settlement import settle
from reports.documents import Check, ConfigurationFacts, SnapshotFacts, WorkbookDocument, WorkbookMember, WorkbookPlant
from tests.engine.facts import WITHDRAWAL, Facts
from tests.reports.samples import ISSUER

NAMES = {
    "M00001": "Panificio Bo & Figli S.n.c.",
    "M00002": "Lucia Ferrero",
    "M00003": "=cmd|'/C calc'!A0",
    "M00004": "Parrocchia di San Lorenzo",
    "M00005": "<r><t>Istituto</t></r>",
}
KINDS = {"M00001": "sme", "M00002": "household", "M00003": "household", "M00004": "religious_body", "M00005": "local_authority"}
DEDUCTIONS = (Deduction("management", Decimal("10")), Deduction("sportello energia", Decimal("2.5")))
HALF = Split(DEDUCTIONS, Decimal("50"), "injected", "coincident")
FIXED = Split((), Decimal("0"), "injected", "fixed", (("M00002", Decimal("0.25")), ("M00004", Decimal("0.75"))))


def facts(year: int = 2023, month: int = 10, *, seed: int = 5) -> Facts:
    """Five members, two plants behind two points, one point that changes hands, hours that nobody measured."""
    random = Random(seed)
    community = Facts(year=year, month=month)
    community.distribution = Distribution(date(2023, 1, 1), HALF, FIXED, ExcessSplit(Decimal(50), "coincident"))
    for member, kind in KINDS.items():
        community.member(member, kind)
    middle = date(year, month, 15)
    for number, member in enumerate(KINDS, start=1):
        community.point(number, member, valid_to=middle if number == 3 else None)
    community.point(3, "M00004", valid_from=middle)
    community.plant("P01", 1, power="99.9", since=date(2022, 3, 1))
    community.plant("P02", 5, power="250.5", since=date(2023, 2, 1), grant="0.3", region="Lazio", zone="CSUD")
    community.plant("P00", 5, source="hydro", power="40", since=date(2010, 5, 1))
    community.year_to_date = (
        YearToDate(False, 9_000_000, 5_000_000, 60_000, 10),
        YearToDate(True, 8_000_000, 1_000_000, 8_000, 0),
    )
    hours = hours_in_month(year, month)
    for number in range(1, 6):
        community.hourly(number, WITHDRAWAL, {hour: random.randrange(0, 3_000) for hour in range(hours)})
    sun = {hour: random.randrange(1, 9_000) if 7 <= hour % 24 <= 17 else 0 for hour in range(hours)}
    community.hourly(1, "P01", sun)
    community.hourly(5, "P02", {hour: wh * 2 for hour, wh in sun.items()})
    community.hourly(5, "P00", {hour: random.randrange(0, 500) for hour in range(hours)})
    community.hourly(2, WITHDRAWAL, dict.fromkeys(range(100, 107)))  # not measured
    for zone in ("NORD", "CSUD"):
        for hour in range(hours):
            community.prices[zone, hour] = random.randrange(-10, 250) * 1_000_000 + 7
    return community


@cache
def settled(year: int = 2023, month: int = 10) -> tuple[MonthInputs, MonthResult]:
    inputs = facts(year, month).inputs()
    return inputs, settle(inputs)


def snapshot_facts(inputs: MonthInputs, result: MonthResult) -> SnapshotFacts:
    return SnapshotFacts(
        run=7,
        version=2,
        state="computed",
        rules_version="2024.1",
        code_version="0.1.0",
        inputs_sha256=inputs_sha256(inputs),
        result_sha256=result_sha256(result),
    )


def workbook(year: int = 2023, month: int = 10) -> WorkbookDocument:
    """The accountant's workbook of the settled month. October 2023 has 745 hours."""
    inputs, result = settled(year, month)
    plants = {plant.code: plant for plant in inputs.plants}
    holders = {point.pod: point.member for point in inputs.points}
    return WorkbookDocument(
        issuer=ISSUER,
        configuration=ConfigurationFacts(inputs.configuration, inputs.kind, "AC001E01298"),
        year=year,
        month=month,
        run=7,
        version=2,
        run_kind=inputs.run_kind,
        state="approvato",
        computed="03/11/2023 10:15 · Anna Bo",
        approved="04/11/2023 09:00 · Ugo Re",
        members=tuple(
            WorkbookMember(
                one.code,
                NAMES[one.code],
                KINDS[one.code],
                "01234567890",
                one.injected_wh,
                one.withdrawn_wh,
                one.shared_wh,
                one.incentivised_wh,
                one.premium_cents,
                one.valorisation_cents,
                one.excess_cents,
            )
            for one in result.members
        ),
        plants=tuple(
            WorkbookPlant(
                one.code,
                plants[one.code].pod,
                holders[plants[one.code].pod],
                plants[one.code].source,
                plants[one.code].power_kw,
                plants[one.code].region,
                plants[one.code].market_zone,
                plants[one.code].entered_operation_on,
                plants[one.code].grant_intensity,
                one.injected_wh,
                one.taken_wh,
                one.incentivised_wh,
                one.exempt_wh,
                one.premium_cents,
                one.not_incentivised_because,
            )
            for one in result.plants
        ),
        hours_utc=month_hours_array(year, month),
        injected_wh=result.injected_wh,
        withdrawn_wh=result.withdrawn_wh,
        shared_wh=result.shared_wh,
        taken_wh=result.taken_wh,
        premium_gross_cents=result.premium_gross_cents,
        premium_cents=result.premium_cents,
        valorisation_cents=result.valorisation_cents,
        excess_cents=result.excess_cents,
        lines=result.lines,
        missing=result.missing,
        checks=(
            Check("Energia condivisa = Σ impianti", int(result.shared_wh.sum()), int(result.taken_wh.sum()), "kwh"),
            Check(
                "Premio lordo = Σ impianti", result.premium_gross_cents, sum(one.premium_cents for one in result.plants), "eur"
            ),
            Check("Impronta del risultato", "abc", "abc", "text"),
            Check("Ore mancanti", 0, result.missing_hours),
        ),
        rules_version="2024.1",
        code_version="0.1.0",
        inputs_sha256=inputs_sha256(inputs),
        result_sha256=result_sha256(result),
    )
