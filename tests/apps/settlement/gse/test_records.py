"""What GSE and the bank said stays as it was written; amounts for the distribution, notes, choices and the screen's numbers."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.utils import InternalError

from apps.communities.models import Community, Configuration
from apps.settlement.gse import operations, queries
from apps.settlement.gse.errors import AssignmentRefused, MappingRefused, NoteRefused
from apps.settlement.gse.reconciling import get_reconciliation
from apps.settlement.models import (
    AmountsChoice,
    BankReceipt,
    ContributionTotal,
    DifferenceNote,
    GseImport,
    GseMapping,
    GsePublication,
)
from tests.apps.settlement.gse.files import (
    AS_OF,
    PUBLICATIONS,
    RECEIPTS,
    bring_in,
    day,
    line,
    publications,
    receipts,
)
from tests.apps.settlement.rows import make_computed_run

pytestmark = pytest.mark.django_db
REFUSED = (IntegrityError, InternalError)
MARCH = day("2023-03-01")
TABLES = ("gseimport", "gsepublication", "bankreceipt", "differencenote", "amountschoice")


@pytest.fixture
def rows(configuration, anna):
    """A row in every table that is kept."""
    bring_in(configuration, anna, publications(line()))
    bring_in(configuration, anna, receipts("2023-05-31,2023-05-31,495.00,0001,GSE\n"), RECEIPTS)
    explain(configuration, anna)
    operations.choose_amounts(configuration=configuration, valid_from=MARCH, amounts_from="gse", chosen_by=anna, as_of=AS_OF)
    return configuration


def explain(configuration, user, **said):
    common: dict[str, Any] = {
        "month": MARCH,
        "contribution": "premium",
        "side": "gse",
        "difference_cents": -5,
        "note": "Arrotondato dal GSE.",
    }
    return operations.explain_difference(configuration=configuration, noted_by=user, as_of=AS_OF, **(common | said))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement", ["UPDATE settlement_{} SET id = id", "DELETE FROM settlement_{}", "TRUNCATE settlement_{} CASCADE"]
)
def test_nothing_that_was_said_is_changed_or_removed(rows, table, statement):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM settlement_{table}")
        assert cursor.fetchone()[0] > 0
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(REFUSED, match="kept as it was written"), transaction.atomic():
            cursor.execute(statement.format(table))


@pytest.mark.parametrize("model", [GseImport, GsePublication, BankReceipt, DifferenceNote, AmountsChoice])
def test_the_orm_changes_nothing_either(rows, model):
    row = model.objects.order_by("pk").last()
    for attempt in (row.save, row.delete, model.objects.all().delete, lambda: model.objects.update(id=1)):
        with pytest.raises((*REFUSED, ProtectedError)), transaction.atomic():
            attempt()
    assert model.objects.filter(pk=row.pk).exists()


def test_a_publication_follows_one_of_its_own_place_and_only_once(rows, anna):
    first = GsePublication.objects.get()
    same = {
        "configuration": first.configuration,
        "kind": "advance",
        "published_on": MARCH,
        "brought_by": first.brought_by,
        "line": 9,
    }
    for other in (
        {"month": day("2023-04-01"), "item": "premium", "cents": 1, "supersedes": first},
        {"month": MARCH, "item": "excess", "cents": 1, "supersedes": first},
        {"month": MARCH, "item": "premium", "cents": 1},
        {"month": MARCH, "item": "fee", "cents": 1},
        {"month": day("2023-04-02"), "item": "premium", "cents": 1},
    ):
        with pytest.raises(REFUSED), transaction.atomic():
            GsePublication.objects.create(**same, **other)
    GsePublication.objects.create(**same, month=MARCH, item="premium", cents=2, supersedes=first)
    with pytest.raises(REFUSED), transaction.atomic():
        GsePublication.objects.create(**same, month=MARCH, item="premium", cents=3, supersedes=first)


def test_published_amounts_are_the_sum_of_what_is_in_force(configuration, anna):
    assert queries.get_published_amounts(configuration_id=configuration.pk, month=MARCH) is None
    bring_in(
        configuration,
        anna,
        publications(line(), line(item="Spese", amount="18,30"), line(item="Valorizzazione", amount="47,57")),
    )
    bring_in(configuration, anna, publications(line(amount="500,00", on="10/06/2023", document="A2")))
    bring_in(configuration, anna, publications(line(kind="Conguaglio", amount="-20,00", on="10/05/2024", document="C1")))
    said = queries.get_published_amounts(configuration_id=configuration.pk, month=MARCH)
    assert said is not None
    assert (said.premium_cents, said.valorisation_cents, said.excess_cents) == (480_00, 47_57, None)
    assert said.references == ("A1", "A2", "C1")
    assert said.has_true_up
    assert len(said.publications) == 3, "fees and what was superseded do not count"


def test_the_own_amounts_are_divided_until_somebody_chooses_and_the_last_choice_holds(configuration, anna):
    def source(month):
        return queries.get_amounts_source(configuration_id=configuration.pk, month=day(month)).value

    def choose(month, amounts_from):
        operations.choose_amounts(
            configuration=configuration, valid_from=day(month), amounts_from=amounts_from, chosen_by=anna, as_of=AS_OF
        )

    assert source("2023-03-01") == "own"
    choose("2023-03-15", "gse")
    choose("2023-06-01", "own")
    assert [source(month) for month in ("2023-02-01", "2023-03-01", "2023-05-01", "2023-06-01")] == ["own", "gse", "gse", "own"]
    choose("2023-06-01", "gse")
    assert source("2023-07-01") == "gse"
    with pytest.raises(ValueError, match="boh"):
        choose("2023-07-01", "boh")


def test_a_receipt_is_assigned_by_a_row_that_points_back(configuration, anna):
    other = Configuration.objects.create(
        community=configuration.community, code="CER-T-B", kind="cer", primary_substation="AC001E00002", starts_on=MARCH
    )
    bring_in(configuration, anna, receipts("2023-05-31,2023-05-31,495.00,0001,GSE\n"), RECEIPTS)
    receipt = BankReceipt.objects.get()
    assert receipt.configuration is None, "of two configurations nobody knows which"
    assigned = operations.assign_receipt(receipt_id=receipt.pk, configuration=other, assigned_by=anna, as_of=AS_OF)
    assert (assigned.supersedes, assigned.configuration, assigned.cents) == (receipt, other, 495_00)
    assert list(queries.list_receipts_in_force(community_id=configuration.community_id)) == [assigned]
    with pytest.raises(AssignmentRefused, match="assigned meanwhile"):
        operations.assign_receipt(receipt_id=receipt.pk, configuration=configuration, assigned_by=anna, as_of=AS_OF)
    stranger = Configuration.objects.create(
        community=Community.objects.create(code="X", name="X", tax_code=""), code="X-A", kind="cer",
        primary_substation="AC001E00003", starts_on=MARCH,
    )  # fmt: skip
    with pytest.raises(AssignmentRefused, match="another community"):
        operations.assign_receipt(receipt_id=assigned.pk, configuration=stranger, assigned_by=anna, as_of=AS_OF)
    again, made = bring_in(configuration, anna, receipts("2023-05-31,2023-05-31,495.00,0001,GSE\n"), RECEIPTS)
    assert (again.known, made) == (1, None), "a receipt that was assigned is still known"
    with pytest.raises(REFUSED), transaction.atomic():
        BankReceipt.objects.create(
            community=configuration.community, configuration=other, value_date=MARCH, cents=1, supersedes=assigned,
            brought_by=assigned.brought_by, line=1, assigned_by=anna, assigned_at=AS_OF,
        )  # fmt: skip


def test_notes_and_mappings_say_something(configuration, anna):
    with pytest.raises(NoteRefused, match="empty"):
        explain(configuration, anna, note="  ")
    with pytest.raises(NoteRefused, match="no difference"):
        explain(configuration, anna, difference_cents=0)
    assert not DifferenceNote.objects.exists()
    with pytest.raises(MappingRefused, match="no name"):
        operations.save_mapping(community=configuration.community, name=" ", mapping=PUBLICATIONS, saved_by=anna, as_of=AS_OF)
    for _twice in range(2):
        operations.save_mapping(
            community=configuration.community, name=" Prospetto  GSE ", mapping=PUBLICATIONS, saved_by=anna, as_of=AS_OF
        )
    assert GseMapping.objects.get().name == "Prospetto GSE"


def test_the_screen_puts_the_three_side_by_side(configuration, anna):
    run = make_computed_run(configuration, computed_by=anna)
    ContributionTotal.objects.create(run=run, contribution="valorisation", amount_cents=0)
    ContributionTotal.objects.create(run=run, contribution="excess", amount_cents=0)
    bring_in(
        configuration,
        anna,
        publications(
            line(kind="Conguaglio", amount="10,30", on="10/05/2024"), line(month="04/2023", amount="60,00", on="25/05/2023")
        ),
    )
    bring_in(configuration, anna, receipts("2023-06-30,2023-06-30,60.00,0001,GSE\n"), RECEIPTS)
    seen = get_reconciliation(configuration=configuration, year=2023, as_of=day("2024-07-01"))
    assert len(seen.months) == 12
    march, april = seen.months[2], seen.months[3]
    premium = march.lines[0]
    assert (premium.own_cents, premium.gse_cents, premium.bank_cents) == (10_00, 10_30, None)
    assert [finding.reason.value for finding in premium.findings] == ["differs", "carried"]
    assert (april.lines[0].gse_cents, april.lines[0].bank_cents) == (60_00, 60_00)
    assert [finding.reason.value for finding in april.lines[0].findings] == ["advance_differs", "not_settled"], (
        "no plant, no advance"
    )
    assert seen.open_count == 2
    explain(configuration, anna, difference_cents=30)
    assert get_reconciliation(configuration=configuration, year=2023, as_of=day("2024-07-01")).open_count == 1


def test_a_month_is_on_the_screen_when_it_has_begun(configuration):
    seen = get_reconciliation(configuration=configuration, year=2023, as_of=day("2023-03-31"))
    assert [month.month.month for month in seen.months] == [1, 2, 3]
