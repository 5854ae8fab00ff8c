"""Money that left and came back stands in the books: each movement a document that balances, per contribution what was owed."""

from datetime import date
from itertools import groupby

import pytest

from apps.invoicing.accountancy.journal import freeze_journal, iterate_journal
from apps.invoicing.accountancy.payments import _paid_of
from apps.invoicing.accountancy.scope import Scope
from apps.invoicing.payouts.booking import mark_paid_outside
from apps.settlement.audit.queries import get_last_sequence
from tests.apps.invoicing.payout_rows import NOW, TODAY, issue, make_community, make_iban, make_member, make_user, pay, send_back

YEAR = {"first_day": date(2023, 1, 1), "last_day": date(2023, 12, 31)}


def journal(place, **narrowed):
    scope = Scope(community=place.community, **(YEAR | narrowed))
    postings = list(iterate_journal({"payments": freeze_journal(scope).get("payments", [])}))
    for document, group in groupby(postings, key=lambda posting: posting.document):
        assert sum(posting.cents for posting in group) == 0, document
    return [(posting.document, posting.account_key, posting.cents, posting.holder) for posting in postings]


@pytest.mark.django_db(transaction=True)
def test_a_transfer_and_its_return_stand_against_the_bank():
    place = make_community()
    ada, bice = make_member(place, "A"), make_member(place, "B")
    issue(place, {ada: 700, bice: 50}, to_account=10)
    batch = pay(place)
    send_back(batch, ada)
    names = {transfer.member.code: transfer.end_to_end_id for transfer in batch.transfers.select_related("member")}
    assert journal(place) == [
        (names["A"], "members:premium", 700, "A"),
        (names["A"], "bank", -700, "A"),
        (f"{names['A']}/R", "members:premium", -700, "A"),
        (f"{names['A']}/R", "bank", 700, "A"),
        (names["B"], "members:premium", 50, "B"),
        (names["B"], "bank", -50, "B"),
    ]
    assert journal(place, last_day=date(2023, 5, 31)) == []
    assert journal(place, configuration=place) == []
    ada.iban = make_iban(99)
    ada.save()
    pay(place)
    again = [row for row in journal(place) if row[3] == "A"][4:]
    assert [(key, cents) for _, key, cents, _ in again] == [("members:premium", 700), ("bank", -700)]


@pytest.mark.django_db(transaction=True)
def test_a_run_that_was_paid_by_other_means_left_the_bank_too():
    place = make_community()
    run = issue(place, {make_member(place, "A"): 700})
    mark_paid_outside(
        run_id=run.pk, paid_by=make_user("anna"), paid_on=TODAY, reference="CRO", seen_sha256=run.result_sha256,
        seen_sequence=get_last_sequence(run), as_of=NOW,
    )  # fmt: skip
    assert [(key, cents) for _, key, cents, _ in journal(place)] == [("members:premium", 700), ("bank", -700)]


def test_what_leaves_settles_all_that_is_owed_or_its_share_of_it():
    owed = {"premium": 100, "valorisation": 50, "excess": -20}
    assert _paid_of(owed, -130) == {"premium": -100, "valorisation": -50, "excess": 20}
    assert _paid_of(owed, -76) == {"premium": -51, "valorisation": -25, "excess": 0}
    assert sum(_paid_of({"premium": 0, "valorisation": 0, "excess": 0}, -5).values()) == -5
