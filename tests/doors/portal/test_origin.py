"""Where a member's euros come from: every way the ledger can tell it has a sentence."""

from decimal import Decimal

import pytest

from apps.engine.distribution import CONSUMERS, CONSUMERS_KEYS, PRODUCERS, PRODUCERS_KEYS
from apps.portal.amounts import NBSP
from apps.portal.origin import PARTS, list_lines
from apps.settlement.models import LedgerEntry


def entry(**fields: object) -> LedgerEntry:
    common = {
        "contribution": "premium",
        "block": "consumers",
        "key": "coincident",
        "cents": 346,
        "block_cents": 662,
        "member_id": 1,
    }
    return LedgerEntry(**(common | {"weight": Decimal(64_237), "weight_total": Decimal(122_586)} | fields))


def test_every_block_and_key_of_the_engine_has_a_sentence():
    known = {(PRODUCERS, key) for key in PRODUCERS_KEYS} | {(CONSUMERS, key) for key in CONSUMERS_KEYS}
    assert set(PARTS) == known | {("no enterprises", key) for key in CONSUMERS_KEYS}


def test_energy_is_told_in_kwh_and_shares_in_percent():
    lines = [line.sentence for line in list_lines(1471, [entry()])]
    assert lines[1:] == [
        "Ai consumatori, in proporzione all'energia condivisa",
        f"La tua parte: 64,237{NBSP}kWh su 122,586{NBSP}kWh, il 52,4{NBSP}%",
    ]


@pytest.mark.parametrize(
    ("key", "weight", "total", "share"), [("equal", 1, 3, "33,33"), ("fixed", 1, 4, "25"), ("fixed", 0, 0, "0")]
)
def test_shares_that_are_no_energy_are_told_in_percent_alone(key, weight, total, share):
    line = list_lines(1471, [entry(key=key, weight=Decimal(weight), weight_total=Decimal(total))])[-1]
    assert line.sentence == f"La tua parte: il {share}{NBSP}%"
    assert line.is_mine


def test_the_excess_goes_to_those_who_are_no_enterprises():
    assert list_lines(5275, [entry(contribution="excess")])[1].sentence == (
        "Ai soci che non sono imprese, in proporzione all'energia condivisa"
    )


def test_accounts_are_taken_off_with_their_percentage_or_their_reason():
    fund = entry(member_id=None, account="social_fund", block="social_fund", cents=2638, percent=Decimal("50.000000"))
    left = entry(member_id=None, account="undistributed", block="undistributed", cents=10, percent=None)
    own = entry(member_id=None, account="Scuola <b>", block="deduction", cents=10, percent=Decimal("0.001"))
    lines = list_lines(5275, [fund, left, own])
    assert [(line.sentence, line.cents) for line in lines[1:]] == [
        (f"Il 50{NBSP}% va al conto «fondo sociale»", -2638),
        ("Messi da parte sul conto «importi non ripartiti»", -10),
        (f"Il < 0,01{NBSP}% va al conto «Scuola <b>»", -10),
        ("A te non spetta una parte di questa voce", None),
    ]


def test_nothing_came_in():
    assert [line.sentence for line in list_lines(0, [])] == ["Questo mese la comunità non ha ricevuto nulla per questa voce"]
