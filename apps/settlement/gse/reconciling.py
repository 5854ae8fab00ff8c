"""Gather: one configuration and year, own computation, GSE and bank, for `apps.engine.gse_reconciliation`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.communities.models import Configuration
from apps.communities.queries import PerimeterPoint, list_plants, list_points
from apps.engine.errors import RuleViolation
from apps.engine.gse_differences import Facts, Line, Side
from apps.engine.gse_expected import Expected, expected_advances, expected_fee, expected_of_month
from apps.engine.gse_fees import Fee
from apps.engine.gse_payments import Payment, Payments
from apps.engine.gse_reconciliation import reconcile, total_of
from apps.engine.inputs import Contribution, Plant
from apps.engine.working_days import last_day
from apps.settlement.errors import ParameterUnknown
from apps.settlement.gse.payments import ConfigurationPayments, get_payments
from apps.settlement.gse_parameters import advance_parameters_of, get_gse_charges
from apps.settlement.models import BankReceipt, DifferenceNote, GsePublication
from apps.settlement.own_months import OwnMonth, list_own_months
from apps.settlement.parameters import list_values_of_days, rule_parameters_of

_Perimeter = tuple[tuple[PerimeterPoint, ...], tuple[Plant, ...]]


@dataclass(frozen=True, slots=True)
class MonthSide:
    """One month: its contributions, their sum, what is expected, and the payments that bring it."""

    month: date
    lines: tuple[Line, ...]
    total: Line
    expected: dict[Contribution, Expected]
    payments: tuple[Payment, ...]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One year of one configuration. `fee` is expected for the year, `fee_published_cents` what GSE published of it (negative).

    `publications`, `receipts` and `notes` are the rows behind the numbers; `unmatched` receipts paid nothing that was expected.
    """

    year: int
    months: tuple[MonthSide, ...]
    fee: Fee
    fee_published_cents: int
    gathered: ConfigurationPayments
    own: dict[date, OwnMonth]
    notes: tuple[DifferenceNote, ...]

    @property
    def payments(self) -> Payments:
        return self.gathered.payments

    @property
    def publications(self) -> dict[int, GsePublication]:
        return self.gathered.publications

    @property
    def receipts(self) -> dict[int, BankReceipt]:
        return self.gathered.receipts

    @property
    def open_count(self) -> int:
        return sum(line.is_open for month in self.months for line in month.lines)


def get_reconciliation(*, configuration: Configuration, year: int, as_of: date) -> Reconciliation:
    """Everything that the screen of a year shows. `as_of` is the local day up to which something can be late.

    Errors: `ParameterUnknown` when GSE's fee or threshold is not recorded for the end of the year.
    """
    charges = get_gse_charges(on=date(year, 12, 31))
    months = list_months(configuration, year, as_of)
    gathered = get_payments(configuration=configuration, on=date(year, 12, 31))
    published, payments = gathered.published, gathered.payments
    own = list_own_months(configuration_id=configuration.pk, from_month=date(year, 1, 1), before=date(year + 1, 1, 1))
    perimeter = (list_points(configuration), list_plants(configuration))
    values = list_values_of_days(months)
    advances = {month: _advances(perimeter, month, values[month]) for month in months}
    notes = tuple(
        DifferenceNote.objects.filter(configuration=configuration, month__year=year).select_related("noted_by").order_by("pk")
    )
    fee = expected_fee(_plants_of(perimeter, date(year, 1, 1), date(year, 12, 31)), charges.vat_percent, charges.fee)
    lines = reconcile(
        Facts(
            months=months,
            own={(month, name): cents for month, said in own.items() for name, cents in said.cents.items()},
            own_unknown=frozenset((month, name) for month, said in own.items() for name in said.unknown),
            advances={(month, name): cents for month, said in advances.items() for name, cents in said.items()},
            published=published,
            payments=payments,
            as_of=as_of,
            explained={(note.month, Contribution(note.contribution), Side(note.side)): note.difference_cents for note in notes},
            expected_fee_cents=fee.gross_cents,
        )
    )
    by_month = {month: tuple(line for line in lines if line.month == month) for month in months}
    return Reconciliation(
        year=year,
        months=tuple(
            MonthSide(
                month=month,
                lines=of_month,
                total=total_of(of_month),
                expected={line.contribution: _expected(line) for line in of_month if line.expected_advance_cents is not None},
                payments=tuple(one for one in payments.payments if any(row.month == month for row in one.lines)),
            )
            for month, of_month in by_month.items()
        ),
        fee=fee,
        fee_published_cents=sum(one.cents for one in published if one.item == "fee" and one.month.year == year),
        gathered=gathered,
        own=own,
        notes=notes,
    )


def list_months(configuration: Configuration, year: int, as_of: date) -> tuple[date, ...]:
    """The months of a year in which the configuration was active, up to the one of `as_of`."""
    return tuple(
        month
        for month in (date(year, number, 1) for number in range(1, 13))
        if last_day(month.year, month.month) >= configuration.starts_on
        and (configuration.ends_on is None or configuration.ends_on > month)
        and month <= as_of
    )


def _advances(perimeter: _Perimeter, month: date, values: Mapping[str, Any]) -> dict[Contribution, int]:
    """The expected advance of a month, nothing where a value of the law is not known: unknown is not zero."""
    plants = _plants_of(perimeter, month, month)
    try:
        return expected_advances(plants, rule_parameters_of(values, on=month), advance_parameters_of(values, on=month))
    except (ParameterUnknown, RuleViolation):
        return {}


def _plants_of(perimeter: _Perimeter, first: date, last: date) -> list[Plant]:
    """The plants in operation whose point belongs to the configuration on some day from `first` to `last`."""
    points, plants = perimeter
    keys = {point.pod_key for point in points if point.valid_from <= last and (point.valid_to is None or point.valid_to > first)}
    return [plant for plant in plants if plant.pod in keys and plant.entered_operation_on <= last]


def _expected(line: Line) -> Expected:
    return expected_of_month(
        month=line.month,
        advance_cents=line.expected_advance_cents or 0,
        own_cents=line.own_cents,
        published_advance_cents=line.advance_cents,
    )
