"""The monthly advance that GSE pays before it knows the measures: an estimate per plant (RO p.35-37, 40-41).

`P x H/12 x alpha x tariff`: a twelfth of the hours that a plant of this source injects in a year, of which the part alpha is
taken to be shared. The premium's tariff is `TIPa = (BASE + Z + FC)(1 - F)`, the valorisation's is TRASE. Every month of a year
has the same advance. The first instalment of a contract that begins inside a month is not described by the rules: not computed.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from apps.engine.errors import ParameterMissing
from apps.engine.identifiers import PHOTOVOLTAIC, check_region, check_source
from apps.engine.inputs import Plant, RuleParameters
from apps.engine.money import round_half_up
from apps.engine.prices import ueur_per_mwh
from apps.engine.tariff import Terms, terms_of

MONTHS_PER_YEAR = 12
# kWh x µ€/MWh = 10^-9 €, so 10^7 of them are one cent.
_KWH_UEUR_PER_MWH_PER_CENT = 10**7


@dataclass(frozen=True, slots=True)
class AdvanceParameters:
    """GSE's estimate in force. GSE may change it, so each edition is a value of its own.

    `coincidence` is alpha, the part of the injection that is taken to be shared; `variable_part_eur_per_mwh` is Z, the mean of
    the tariff's variable part. `photovoltaic_hours` maps region -> hours a year, `hours_by_source` every other source. The
    regions are those of RO p.36 footnote 4 and p.40 footnote 9, "for advances only": the tariff's own list may part from it.
    """

    coincidence: Decimal
    variable_part_eur_per_mwh: Decimal
    photovoltaic_hours: tuple[tuple[str, int], ...]
    hours_by_source: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class PlantAdvance:
    """The advance of one plant and month. `not_incentivised_because` is "" or why the premium's part is 0 (engine.tariff)."""

    code: str
    hours_per_year: int
    premium_cents: int
    valorisation_cents: int
    not_incentivised_because: str


def advance_of(plant: Plant, parameters: RuleParameters, advance: AdvanceParameters) -> PlantAdvance:
    """Return what GSE advances for one plant and month, each contribution rounded half-up to the cent once.

    The configuration's advance is the sum over its plants (RO p.35, 40). Errors: those of `hours_per_year`, `terms_of` and
    `valorisation_advance_cents`.
    """
    terms = terms_of(plant, parameters)
    return PlantAdvance(
        code=plant.code,
        hours_per_year=hours_per_year(plant, advance),
        premium_cents=premium_advance_cents(plant, terms, advance),
        valorisation_cents=valorisation_advance_cents(plant, parameters, advance),
        not_incentivised_because=terms.not_because,
    )


def premium_advance_cents(plant: Plant, terms: Terms, advance: AdvanceParameters) -> int:
    """Return `P x H/12 x alpha x TIPa` in cents, 0 for a plant that does not earn (RO p.36).

    P is the *incentivable* power: the plant's less what its building was obliged to install (RO p.14). The class that gives BASE
    is that of the whole plant, as in the true-up. 100 kW PV in the North without grant: 4 500 kWh at 110 €/MWh, 495.00 €.
    """
    if not terms.earns:
        return 0
    tariff = terms.base_ueur_per_mwh + ueur_per_mwh(advance.variable_part_eur_per_mwh) + terms.correction_ueur_per_mwh
    energy = _estimated_kwh(plant, advance) * terms.obligation_share
    return round_half_up(energy * tariff * (1 - terms.reduction) * Fraction(1, _KWH_UEUR_PER_MWH_PER_CENT))


def valorisation_advance_cents(plant: Plant, parameters: RuleParameters, advance: AdvanceParameters) -> int:
    """Return `P x H/12 x alpha x TRASE` in cents: the plant's whole power, whether or not it earns the premium (RO p.14, 40).

    Errors: `ParameterMissing` when TRASE has no value for the period.
    """
    if parameters.trase_eur_per_mwh is None:
        raise ParameterMissing(
            f"The advance of plant {plant.code} cannot be computed: the TRASE of the year is not known. "
            "Enter it among the rule parameters with its legal source, then try again."
        )
    energy = _estimated_kwh(plant, advance)
    return round_half_up(energy * ueur_per_mwh(parameters.trase_eur_per_mwh) * Fraction(1, _KWH_UEUR_PER_MWH_PER_CENT))


def hours_per_year(plant: Plant, advance: AdvanceParameters) -> int:
    """Return H, by source, and for photovoltaic plants by region.

    Errors: `InvalidIdentifier` for an unknown source or region; `ParameterMissing` when the estimate has no hours for it.
    """
    if plant.source == PHOTOVOLTAIC:
        key, table = check_region(plant.region), advance.photovoltaic_hours
    else:
        key, table = check_source(plant.source), advance.hours_by_source
    hours = dict(table).get(key)
    if hours is None:
        raise ParameterMissing(
            f"The advance of plant {plant.code} cannot be computed: there are no estimated hours for {key}. "
            "Enter them among the parameters of the advance, then try again."
        )
    return hours


def _estimated_kwh(plant: Plant, advance: AdvanceParameters) -> Fraction:
    """Return the energy that is taken to be shared in one month, in exact kWh."""
    hours = Fraction(hours_per_year(plant, advance), MONTHS_PER_YEAR)
    return Fraction(plant.power_kw) * hours * Fraction(advance.coincidence)
