"""Documents to print: a household, a producer, a quiet month, a draft with holes, hostile names. All amounts foot."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from apps.engine.inputs import Contribution, Kind, RunKind
from apps.engine.results import ExcessSet, MissingHours, Valorisation
from reports.documents import (
    ConfigurationFacts,
    DailySeries,
    EnergyTotals,
    Issuer,
    PlantPremium,
    PointEnergy,
    Recipient,
    Share,
    StatementDocument,
    Step,
    YearRow,
)

LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 60" width="120" height="60">
<circle cx="30" cy="30" r="24" fill="#d9922e"/><path d="M30 30 L110 8 L110 52 Z" fill="#2b7a5b"/></svg>"""

ISSUER = Issuer(
    name="Comunità Energetica Alba",
    tax_code="90012345678",
    address="Piazza Risorgimento 1, 12051 Alba (CN)",
    legal_form="associazione riconosciuta",
    logo=LOGO,
)
CONFIGURATION = ConfigurationFacts("CER-ALBA-A", Kind.CER, "AC001E01298")
TOTALS = EnergyTotals(
    injected_wh=77_820_707, withdrawn_wh=35_673_719, shared_wh=35_252_652, incentivised_wh=144_343, taken_wh=35_252_652
)
PLANTS = (
    PlantPremium("P01", "photovoltaic", Decimal("99.9"), 65_521_263, 34_000_309, 0, 0, "existing"),
    PlantPremium("P02", "photovoltaic", Decimal("50"), 12_299_444, 144_343, 144_343, 1_732),
    PlantPremium("P03", "hydro", Decimal("45.5"), 0, 1_108_000, 0, 0, "existing"),
)


def days_of(year: int, month: int) -> tuple[date, ...]:
    first = date(year, month, 1)
    return tuple(day for day in (first + timedelta(days=index) for index in range(31)) if day.month == month)


def spread(total: int, parts: int, random: Random) -> tuple[int, ...]:
    """Whole numbers that sum to `total`, uneven."""
    cuts = sorted(random.randrange(total + 1) for _ in range(parts - 1))
    even = [total // (2 * parts)] * parts
    rest = total - sum(even)
    bounds = [0, *(cut * rest // total if total else 0 for cut in cuts), rest]
    return tuple(base + high - low for base, low, high in zip(even, bounds, bounds[1:], strict=False))


def premium_share(producer_cents: int, producer_wh: int, consumer_cents: int, consumer_wh: int) -> Share:
    """17.32 €: 10 % to the management, half of the rest to the producers."""
    steps = [Step("deduction", 1_732, 173, account="management", percent=Decimal("10"))]
    if producer_wh:
        steps.append(Step("producers", 780, producer_cents, key="injected", weight=producer_wh, weight_total=77_820_707))
    if consumer_wh:
        steps.append(Step("consumers", 779, consumer_cents, key="coincident", weight=consumer_wh, weight_total=35_252_652))
    return Share(Contribution.PREMIUM, producer_cents + consumer_cents, 1_732, tuple(steps), Decimal("50"))


def valorisation_share(cents: int, shared_wh: int) -> Share:
    steps = [Step("deduction", 29_894, 2_989, account="management", percent=Decimal("10"))]
    if shared_wh:
        steps.append(Step("consumers", 26_905, cents, key="coincident", weight=shared_wh, weight_total=35_252_652))
    return Share(Contribution.VALORISATION, cents, 29_894, tuple(steps), Decimal("0"))


def household() -> StatementDocument:
    """An ordinary family in March: 312.408 kWh withdrawn, 118.905 shared, 0.94 €."""
    random = Random(7)
    days = days_of(2023, 3)
    withdrawn = spread(312_408, len(days), random)
    shared = tuple(wh * 118_905 // 312_408 for wh in withdrawn)
    shared = (*shared[:-1], shared[-1] + 118_905 - sum(shared))
    return StatementDocument(
        issuer=ISSUER,
        configuration=CONFIGURATION,
        year=2023,
        month=3,
        reference="CER-ALBA-A/2023-03/v1/M00012",
        version=1,
        run_kind=RunKind.FINAL,
        approved_on=date(2023, 4, 18),
        issued_on=date(2023, 4, 19),
        member=Recipient("M00012", "Lucia Ferrero", "household", "FRRLCU80A41A124X", "Via Cavour 12, 12051 Alba (CN)"),
        points=(PointEnergy("IT001E00000012", date(2023, 1, 1), None, 312_408, 0, 118_905),),
        energy=EnergyTotals(0, 312_408, 118_905),
        energy_of_configuration=TOTALS,
        shares=(
            premium_share(0, 0, 3, 118_905),
            valorisation_share(91, 118_905),
            Share(Contribution.EXCESS, 0, 0, ()),
        ),
        plants=PLANTS,
        premium_gross_cents=1_732,
        valorisation=Valorisation(35_252_652, 8_480_000, 0, 0, Fraction(0), 29_894),
        excess_sets=(ExcessSet(False, Decimal("0.55"), 30_114_020, 402_110, 4_825, 0, 0),),
        year_rows=(YearRow(2023, 1, 2, 84, 0), YearRow(2023, 2, 4, 102, 0), YearRow(2023, 3, 3, 91, 0)),
        daily=DailySeries(days, withdrawn, (0,) * len(days), shared),
        contact_email="soci@ceralba.example",
        rules_version="2024.1",
        code_version="0.1.0",
        result_sha256="4f1c9e0a7b2d4f1c9e0a7b2d4f1c9e0a7b2d4f1c9e0a7b2d4f1c9e0a7b2d0011",
    )


def producer() -> StatementDocument:
    """A bakery with a plant: it injects, withdraws a little, and has a share of every contribution, the excess included."""
    random = Random(11)
    days = days_of(2023, 3)
    injected = spread(12_299_444, len(days), random)
    taken = tuple(wh * 3 // 7 for wh in injected)
    withdrawn = spread(1_204_500, len(days), random)
    shared = tuple(wh * 2 // 3 for wh in withdrawn)
    energy = EnergyTotals(12_299_444, 1_204_500, sum(shared), sum(taken), sum(taken))
    plants = (
        PLANTS[0],
        PlantPremium("P02", "photovoltaic", Decimal("50"), 12_299_444, sum(taken), sum(taken), 63_255),
        PLANTS[2],
    )
    excess = ExcessSet(False, Decimal("0.55"), 40_000_000, 24_000_000, 288_000, 14_400, 14_400)
    pool = 63_255 - 14_400
    premium = Share(
        Contribution.PREMIUM,
        3_474 + 1_014,
        pool,
        (
            Step("deduction", pool, 4_886, account="management", percent=Decimal("10")),
            Step("deduction", pool, 1_221, account="sportello energia", percent=Decimal("2.5")),
            Step("producers", 21_374, 3_474, key="injected", weight=12_643_114, weight_total=77_820_707),
            Step("consumers", 21_374, 1_014, key="coincident", weight=sum(shared), weight_total=35_252_652),
        ),
        Decimal("50"),
    )
    fund = Share(
        Contribution.EXCESS,
        0,
        14_400,
        (Step("social_fund", 14_400, 14_400, account="social_fund", percent=Decimal("100")),),
    )
    return replace(
        household(),
        reference="CER-ALBA-A/2023-03/v2/M00003",
        supersedes="CER-ALBA-A/2023-03/v1/M00003",
        version=2,
        member=Recipient("M00003", "Panificio Bo & Figli S.n.c.", "sme", "01234567890", "Corso Langhe 44, 12051 Alba (CN)"),
        points=(
            PointEnergy("IT001E00000003", date(2023, 1, 1), None, 904_500, 12_299_444, 603_000),
            PointEnergy("IT001E00000103", date(2023, 3, 11), date(2024, 1, 1), 300_000, 0, sum(shared) - 603_000),
        ),
        energy=energy,
        shares=(premium, valorisation_share(613, sum(shared)), fund),
        plants=plants,
        premium_gross_cents=63_255,
        excess_sets=(excess,),
        year_rows=(YearRow(2023, 1, 1_210, 402, 0), YearRow(2023, 2, 2_845, 377, 0), YearRow(2023, 3, 4_488, 613, 0)),
        daily=DailySeries(days, withdrawn, injected, shared, taken),
        stamp_duty_cents=200,
    )


_NO_DECEMBER = YearRow(2023, 12, 0, 0, 0)


def quiet() -> StatementDocument:
    """A member whose house was empty, in a month in which the community shared nothing."""
    days = days_of(2023, 12)
    zero = (0,) * len(days)
    nothing = EnergyTotals(0, 0, 0)
    return replace(
        household(),
        month=12,
        reference="CER-ALBA-A/2023-12/v1/M00012",
        approved_on=date(2024, 1, 18),
        issued_on=date(2024, 1, 19),
        points=(PointEnergy("IT001E00000012", date(2023, 1, 1), None, 0, 0, 0),),
        energy=nothing,
        energy_of_configuration=EnergyTotals(0, 8_120_000, 0),
        shares=tuple(Share(contribution, 0, 0, ()) for contribution in Contribution),
        plants=tuple(replace(plant, injected_wh=0, taken_wh=0, incentivised_wh=0, premium_cents=0) for plant in PLANTS),
        premium_gross_cents=0,
        valorisation=Valorisation(0, 8_480_000, 0, 0, Fraction(0), 0),
        excess_sets=(),
        year_rows=(*(YearRow(2023, month, month % 5, (60 + month * 7) % 137, 0) for month in range(1, 12)), _NO_DECEMBER),
        daily=DailySeries(days, zero, zero, zero),
    )


def draft() -> StatementDocument:
    """A provisional calculation, not approved, with hours missing; the logo is not one."""
    return replace(
        household(),
        issuer=replace(ISSUER, logo=b"file:///etc/passwd"),
        approved_on=None,
        run_kind=RunKind.PROVISIONAL,
        missing=(MissingHours("IT001E00000012", 27),),
        configuration_missing_hours=61,
    )


HOSTILE = (
    '<script>alert(1)</script><img src="file:///etc/passwd"> \u202eOLLORTNOC\u202c \u200f\x00\x07{{ view }} &amp; '
    "</td></table> \ufeff=1+1"
)


def hostile() -> StatementDocument:
    """Every free text is an attack, and some are 5 000 characters without a blank."""
    endless = "W" * 5_000
    zalgo = "Z" + "\u0301" * 400
    return replace(
        household(),
        issuer=Issuer(
            HOSTILE,
            HOSTILE,
            endless,
            HOSTILE,
            HOSTILE,
            logo=b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        ),
        configuration=ConfigurationFacts(endless, Kind.CER, HOSTILE),
        reference=HOSTILE,
        supersedes=endless,
        member=Recipient(endless, HOSTILE, HOSTILE, endless, zalgo + HOSTILE),
        points=(PointEnergy(HOSTILE, date(2023, 1, 1), None, 1, 2, 3), PointEnergy(endless, date(2023, 1, 1), None, 1, 2, 3)),
        plants=(replace(PLANTS[1], code=endless, source=HOSTILE), replace(PLANTS[0], not_incentivised_because=HOSTILE)),
        shares=(
            replace(
                premium_share(0, 0, 3, 118_905),
                steps=(Step("deduction", 1, 1, account=endless, percent=Decimal("10")), Step(HOSTILE, 1, 3, key=HOSTILE)),
            ),
            valorisation_share(91, 118_905),
        ),
        missing=(MissingHours(HOSTILE, 1),),
        contact_email=HOSTILE,
        rules_version=endless,
        code_version=HOSTILE,
        result_sha256=HOSTILE,
    )


def long_names() -> StatementDocument:
    """Lawful but long: names at the limit, many points and plants, twelve months, big amounts."""
    base = producer()
    return replace(
        base,
        issuer=replace(
            ISSUER,
            name="Comunità Energetica Rinnovabile Solidale delle Valli Occitane e dell'Alta Langa Società Cooperativa Benefit",
            legal_form="società cooperativa a responsabilità limitata, impresa sociale",
            iban_masked="IT60 •••• •••• •••• •••• •••3 456",
        ),
        month=12,
        member=Recipient(
            "M00003",
            "Istituto d'Istruzione Superiore Statale Leonardo Cocito e Umberto Sacco Sezione Distaccata di Santo Stefano",
            "local_authority",
            "01234567890",
            "Strada provinciale delle Rocche, località San Giovanni Battista al Piano 124 bis, 12051 Alba (CN)",
        ),
        points=tuple(replace(base.points[0], pod=f"IT001E000001{index:02d}", withdrawn_wh=1_204_500_123) for index in range(12)),
        plants=tuple(
            replace(plant, code=f"P{index:02d}", premium_cents=123_456_789)
            for index, plant in enumerate((base.plants[1], base.plants[0]) * 6)
        ),
        year_rows=tuple(YearRow(2023, month, 12_345_678, 2_345_678, 345_678) for month in range(1, 13)),
        daily=replace(base.daily, days=days_of(2023, 12)),
    )


ALL = {"household": household, "producer": producer, "quiet": quiet, "draft": draft, "hostile": hostile, "long_names": long_names}
