"""File = transfers = movements = ledger less what is carried over, for communities drawn by lot."""

import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.invoicing.models import AccountMovement, PayoutTransfer
from apps.invoicing.payouts import operations
from apps.invoicing.payouts.errors import NothingToPay
from apps.settlement.models import LedgerEntry
from tests.apps.invoicing.payout_rows import (
    book,
    confirm,
    issue,
    make_batch,
    make_community,
    make_iban,
    make_member,
    plan,
    send,
    send_back,
)

CENTS = st.integers(-3_000, 10_000) | st.just(0)
MEMBER = st.tuples(st.booleans(), st.booleans(), st.lists(CENTS, min_size=4, max_size=4))  # has an IBAN, has left, cents per run


class _Over(Exception):
    """Ends an example and takes its rows back."""


def _sum(rows, **conditions) -> int:
    return int(rows.filter(**conditions).aggregate(sum=Sum("cents"))["sum"] or 0)


def _close() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    people=st.lists(MEMBER, min_size=1, max_size=6),
    minimum=st.sampled_from([0, 1, 500, 2_000]),
    accounts=CENTS,
    dice=st.randoms(),
)
def test_every_cent_is_in_the_file_or_still_on_an_account(people, minimum, accounts, dice):
    try:
        with transaction.atomic():
            _one_life(people, minimum, accounts, dice)
            raise _Over
    except _Over:
        pass


def _one_life(people, minimum, accounts, dice) -> None:
    place = make_community()
    community = place.community_id
    operations.save_settings(community_id=community, minimum_cents=minimum, dialect="iso", cuc="", bic="", remind_after_days=5)
    members = [
        make_member(place, f"M{number}", iban=None if has_iban else "", left_on=date(2023, 5, 1) if has_left else None)
        for number, (has_iban, has_left, _cents) in enumerate(people)
    ]
    first = None
    for month, (kind, corrects) in enumerate((("provisional", 0), ("provisional", 0), ("correction", 1), ("correction", 1))):
        cents = {member: person[2][month] for member, person in zip(members, people, strict=True)}
        run = issue(place, cents, month=date(2023, 1 + month % 2, 1) if not corrects else date(2023, 1, 1), kind=kind,
                    corrects=first if corrects else None, to_account=accounts)  # fmt: skip
        first = first or run
        book(place)
        _pay_once(place)
        _close()
        executed = PayoutTransfer.objects.filter(state="executed")
        if executed.exists() and dice.random() < 0.5:
            transfer = dice.choice(list(executed.order_by("pk")))
            send_back(transfer.batch, transfer.member, dice.choice(["AC04", "MS03"]))
            transfer.member.iban = dice.choice([transfer.member.iban, make_iban(1_000 + month)])
            transfer.member.save()
            _close()


def _pay_once(place) -> None:
    movements = AccountMovement.objects.filter(member__community=place.community_id)
    ledger = LedgerEntry.objects.filter(run__configuration=place, member__isnull=False)
    seen, owed = plan(place), _sum(movements)
    assert _sum(movements, kind="credit") == _sum(ledger)
    assert seen.total_cents == owed - seen.carried_cents
    try:
        batch = make_batch(place)
    except NothingToPay:
        assert seen.total_cents == 0
        return
    root = ET.fromstring(send(batch))
    amounts = [int(Decimal(one.text or "").scaleb(2)) for one in root.iter() if one.tag.endswith("InstdAmt")]
    control = {int(Decimal(one.text or "").scaleb(2)) for one in root.iter() if one.tag.endswith("CtrlSum")}
    confirm(batch)
    debits = movements.filter(transfer__batch=batch, kind="transfer")
    assert {sum(amounts), _sum(batch.transfers), -_sum(debits), seen.total_cents} == control
    assert seen.total_cents == owed - sum(cents for _member, cents, _reason in batch.carried)
    assert _sum(movements) == _sum(ledger) - _sum(
        PayoutTransfer.objects.filter(batch__community=place.community_id, state="executed")
    )
    for line in seen.paid:
        assert _sum(movements, member=line.member_id) == 0
