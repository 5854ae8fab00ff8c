"""GSE's prospectus and the bank's statement of the demo's year, written as files and brought in as a person would."""

import csv
import io
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from django.utils import timezone

from apps.accounts.models import User
from apps.backoffice.demo.community import SEED
from apps.backoffice.demo.year import YEAR
from apps.communities.models import Community, Configuration
from apps.engine.gse_dates import advance_due_on, true_up_due_on
from apps.engine.gse_payments import Payment
from apps.engine.inputs import Contribution
from apps.settlement.gse.mapping import FileMapping
from apps.settlement.gse.operations import import_file, save_mapping
from apps.settlement.gse.reconciling import MonthSide, get_reconciliation
from apps.settlement.models import GseImport, GseTarget
from apps.settlement.units import eur

WORDS = {
    Contribution.PREMIUM: "Tariffa premio",
    Contribution.VALORISATION: "Corrispettivo di valorizzazione",
    Contribution.EXCESS: "Importo eccedentario",
}
PROSPECTUS = ("Mese", "Contratto", "Voce", "Tipo", "Importo EUR", "Data pubblicazione", "Documento")
STATEMENT = ("Data valuta", "Importo EUR", "CRO", "Causale")
MAPPINGS = {
    GseTarget.PUBLICATIONS: dict(
        zip(
            ("month", "configuration", "item", "kind", "amount", "published_on", "reference"),
            PROSPECTUS,
            strict=True,
        )
    ),
    GseTarget.RECEIPTS: dict(zip(("value_date", "amount", "reference", "payer"), STATEMENT, strict=True)),
}
OPEN_AT_GSE_CENTS = -7_31
OPEN_AT_BANK_CENTS = -12_34


def bring_in_gse(community: Community, *, user: User, say: Callable[[str], None]) -> None:
    """Bring in both files of every configuration, once: what people settle afterwards is no new statement of an invented bank."""
    for configuration in Configuration.objects.filter(community=community).order_by("code"):
        chance = random.Random(f"{SEED} {configuration.code}")  # noqa: S311  # nosec B311: invented, and the same every time
        if not _is_there(configuration, GseTarget.PUBLICATIONS):
            _bring_in(configuration, GseTarget.PUBLICATIONS, PROSPECTUS, list(_published(configuration, chance)), user, say)
        if not _is_there(configuration, GseTarget.RECEIPTS):
            _bring_in(configuration, GseTarget.RECEIPTS, STATEMENT, list(_received(configuration, chance)), user, say)


def _is_there(configuration: Configuration, target: GseTarget) -> bool:
    return GseImport.objects.filter(community=configuration.community, file_name=_file_name(configuration, target)).exists()


def _file_name(configuration: Configuration, target: GseTarget) -> str:
    name = "prospetto-gse" if target == GseTarget.PUBLICATIONS else "estratto-conto"
    return f"{name}-{configuration.code}-{YEAR}.csv"


def _published(configuration: Configuration, chance: random.Random) -> Iterator[tuple[str, ...]]:
    """Advances as the rules print them, true-ups as the own computation says: one of them by an open amount, one by a cent."""
    months = get_reconciliation(configuration=configuration, year=YEAR, as_of=timezone.localdate()).months
    settled = [month for month in months if month.total.own_cents is not None]
    odd, rounded = chance.sample(settled, 2) if len(settled) > 1 else (None, None)
    yield _fee_of(configuration)
    for month in months:
        text = f"{month.month:%m/%Y}"
        advance = f"{advance_due_on(month.month.year, month.month.month):%d/%m/%Y}"
        true_up = f"{true_up_due_on(YEAR) - timedelta(days=3):%d/%m/%Y}"
        for line in month.lines:
            word = WORDS[line.contribution]
            expected = line.expected_advance_cents or 0
            if expected:
                reference = f"ACC-{YEAR}-{month.month.month:02d}"
                yield text, configuration.code, word, "Acconto", _comma(expected), advance, reference
            due = (line.own_cents or 0) - expected
            if line.own_cents is not None and (due or expected):
                cents = due + _slip(month, line.contribution, odd, rounded)
                yield text, configuration.code, word, "Conguaglio", _comma(cents), true_up, f"CONG-{YEAR}"


def _fee_of(configuration: Configuration) -> tuple[str, ...]:
    """The yearly fee, as a positive number: the mapping knows that GSE keeps it."""
    fee = get_reconciliation(configuration=configuration, year=YEAR, as_of=timezone.localdate()).fee
    text = _comma(fee.gross_cents)
    return f"12/{YEAR}", configuration.code, "Costi amministrativi", "", text, f"25/01/{YEAR + 1}", f"SPESE-{YEAR}"


def _slip(month: MonthSide, contribution: Contribution, odd: MonthSide | None, rounded: MonthSide | None) -> int:
    if contribution != Contribution.PREMIUM:
        return 0
    return OPEN_AT_GSE_CENTS if month is odd else -1 if month is rounded else 0


def _received(configuration: Configuration, chance: random.Random) -> Iterator[tuple[str, ...]]:
    """Every payment on its day, but one that never came and one that is short."""
    found = get_reconciliation(configuration=configuration, year=YEAR, as_of=timezone.localdate())
    payments: list[Payment] = [one for one in found.payments.payments if one.due_on <= timezone.localdate()]
    absent, short = chance.sample(range(len(payments)), 2) if len(payments) > 1 else (-1, -1)
    for number, payment in enumerate(payments):
        if number != absent:
            cents = payment.cents + (OPEN_AT_BANK_CENTS if number == short else 0)
            reference = f"{chance.randrange(10**10):011d}"
            yield _day(payment.due_on), _comma(cents), reference, f"BONIFICO GSE SPA {configuration.code} {payment.due_on:%m/%Y}"


def _bring_in(
    configuration: Configuration,
    target: GseTarget,
    header: tuple[str, ...],
    rows: list[tuple[str, ...]],
    user: User,
    say: Callable[[str], None],
) -> None:
    constants = {"configuration": configuration.code} if target == GseTarget.RECEIPTS else {}
    mapping = FileMapping(target=target.value, columns=MAPPINGS[target], constants=constants)
    output = io.StringIO(newline="")
    writer = csv.writer(output, delimiter=";")
    writer.writerow(header)
    writer.writerows(rows)
    name = _file_name(configuration, target)
    plan, _made = import_file(
        community=configuration.community,
        content=output.getvalue().encode(),
        file_name=name,
        mapping=mapping,
        imported_by=user,
        as_of=timezone.now(),
    )
    if target == GseTarget.PUBLICATIONS:
        save_mapping(
            community=configuration.community, name="Prospetto GSE", mapping=mapping, saved_by=user, as_of=timezone.now()
        )
    say(f"{name}: {plan.new} new, {plan.known} known, {len(plan.refusals)} refused.")


def _comma(cents: int) -> str:
    return eur(cents).replace(".", ",")


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
