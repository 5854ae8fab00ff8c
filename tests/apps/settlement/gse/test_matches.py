"""What a person says that a receipt pays: kept as it was said, with name, day and reason; the last word holds."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from apps.communities.models import Community, Configuration
from apps.settlement.gse import operations
from apps.settlement.gse.errors import MatchRefused
from apps.settlement.gse.payments import get_payments
from apps.settlement.models import BankReceipt, GsePublication, ReceiptMatch
from tests.apps.settlement.gse.files import AS_OF, RECEIPTS, bring_in, day, line, publications, receipts

pytestmark = pytest.mark.django_db
REFUSED = (IntegrityError, InternalError)


@pytest.fixture
def receipt(configuration, anna):
    """GSE published two advances of 495.00 €; 480.00 € came long after."""
    bring_in(configuration, anna, publications(line(), line(month="04/2023", on="25/05/2023", document="A2")))
    bring_in(configuration, anna, receipts("2023-09-29,2023-09-29,480.00,0001,GSE\n"), RECEIPTS)
    return BankReceipt.objects.get()


def say(receipt, user, says="pays", **said: Any):
    last = ReceiptMatch.objects.filter(receipt=receipt).order_by("pk").last()
    common = {"publication_id": None, "reason": "Lo scrive il GSE.", "seen_id": last.pk if last else None}
    return operations.match_receipt(receipt_id=receipt.pk, says=says, said_by=user, as_of=AS_OF, **(common | said))


def plan(configuration):
    found = get_payments(configuration=configuration, on=day("2023-12-31")).payments
    return [payment.received_cents for payment in found.payments], [one.cents for one in found.unmatched]


def test_a_receipt_is_given_to_what_it_pays_and_taken_from_it_again(configuration, anna, receipt):
    april = GsePublication.objects.get(month=day("2023-04-01"))
    assert plan(configuration) == ([None, None], [480_00])
    first = say(receipt, anna, publication_id=april.pk)
    assert plan(configuration) == ([None, 480_00], [])
    second = say(receipt, anna, "nothing", reason="Era un altro bonifico.")
    assert plan(configuration) == ([None, None], [480_00])
    assert (second.supersedes, second.said_by, second.said_at) == (first, anna, AS_OF)
    say(receipt, anna, "proposed")
    assert list(ReceiptMatch.objects.order_by("pk").values_list("says", "reason")) == [
        ("pays", "Lo scrive il GSE."),
        ("nothing", "Era un altro bonifico."),
        ("proposed", "Lo scrive il GSE."),
    ]


def test_the_word_holds_for_what_takes_the_place_of_the_amount(configuration, anna, receipt):
    april = GsePublication.objects.get(month=day("2023-04-01"))
    say(receipt, anna, publication_id=april.pk)
    for number, amount in enumerate(("500,00", "480,00")):
        bring_in(
            configuration,
            anna,
            publications(line(month="04/2023", on=f"1{number}/06/2023", document=f"B{number}", amount=amount)),
        )
    assert GsePublication.objects.get(pk=april.pk).superseded_by.superseded_by.cents == 480_00
    assert plan(configuration) == ([None, 480_00], [])


def test_a_word_without_reason_or_ground_is_refused_and_nothing_is_written(configuration, anna, receipt):
    other = Configuration.objects.create(
        community=configuration.community,
        code="CER-T-B",
        kind="cer",
        primary_substation="AC001E00002",
        starts_on=receipt.value_date,
    )
    march = GsePublication.objects.get(month=day("2023-03-01"))
    foreign = GsePublication.objects.create(
        configuration=other, month=march.month, item="premium", kind="advance", cents=1, published_on=march.published_on,
        brought_by=march.brought_by, line=9,
    )  # fmt: skip
    for said, reason in (
        ({"reason": " ", "publication_id": march.pk}, "reason is missing"),
        ({"publication_id": foreign.pk}, "no such amount"),
        ({"publication_id": None}, "no such amount"),
        ({"publication_id": march.pk, "seen_id": 12345}, "meanwhile"),
    ):
        with pytest.raises(MatchRefused, match=reason):
            say(receipt, anna, **said)
    operations.assign_receipt(receipt_id=receipt.pk, configuration=other, assigned_by=anna, as_of=AS_OF)
    with pytest.raises(MatchRefused, match="another configuration"):
        say(receipt, anna, publication_id=march.pk)
    assert not ReceiptMatch.objects.exists()
    assert not Community.objects.filter(code="X").exists()


def test_the_database_keeps_every_word_as_it_was_said(configuration, anna, receipt):
    march, april = GsePublication.objects.order_by("pk")
    first = say(receipt, anna, publication_id=march.pk)
    common = {"receipt": receipt, "says": "pays", "publication": april, "reason": "x", "said_by": anna, "said_at": AS_OF}
    for other in (
        {"supersedes": None},
        {"supersedes": first, "says": "nothing"},
        {"supersedes": first, "publication": None},
        {"supersedes": first, "reason": ""},
    ):
        with pytest.raises(REFUSED), transaction.atomic():
            ReceiptMatch.objects.create(**(common | other))
    ReceiptMatch.objects.create(**common, supersedes=first)
    with pytest.raises(REFUSED), transaction.atomic():
        ReceiptMatch.objects.create(**common, supersedes=first)
    for statement in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with pytest.raises(REFUSED, match="kept as it was written"), transaction.atomic():
                cursor.execute(statement.format("settlement_receiptmatch"))
