"""Somebody with all rights in the database changes the past: `verify_audit` names the first bad entry and what was done to it."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from apps.settlement import operations
from apps.settlement.archive import locate
from apps.settlement.audit.anchors import ANCHORS
from apps.settlement.audit.chain import compute_mac
from apps.settlement.audit.queries import iterate_entries
from apps.settlement.models import SettlementRun
from tests.apps.settlement.rows import AS_OF, MONTH, make_computed_run, make_configuration, make_user

pytestmark = pytest.mark.django_db
Commit = Callable[..., AbstractContextManager[Any]]
STEPS = 8
FORGE = """INSERT INTO settlement_auditentry (sequence, at, actor, action, run_number, run_name, from_state, to_state, reason,
details, key_id, previous_mac, mac) SELECT {0}, now(), 'worker', 'approve', 99, 'forged', 'computed', 'approved', '', '{{}}',
key_id, mac, repeat('b', 64) FROM settlement_auditentry WHERE sequence = {0} - 1;"""
DELETE = "DELETE FROM settlement_auditentry WHERE sequence = {0};"
SHIFT = """UPDATE settlement_auditentry SET sequence = -sequence WHERE sequence >= {0};
UPDATE settlement_auditentry SET sequence = -sequence {1} 1 WHERE sequence < 0;"""
SWAP_ROWS = """UPDATE settlement_auditentry SET sequence = 1000 WHERE sequence = {0};
UPDATE settlement_auditentry SET sequence = {0} WHERE sequence = {1};
UPDATE settlement_auditentry SET sequence = {1} WHERE sequence = 1000;"""
SWAP_WORDS = """UPDATE settlement_auditentry e SET at = o.at, actor = o.actor, action = o.action, run_number = o.run_number,
run_name = o.run_name, from_state = o.from_state, to_state = o.to_state, reason = o.reason, details = o.details
FROM settlement_auditentry o WHERE (e.sequence, o.sequence) IN ((3, 6), (6, 3));"""


@pytest.fixture(autouse=True)
def _own_data(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Commit:
    """A block after which what waits for the commit is done: anchors are written."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def trail(committed: Commit) -> None:
    """Eight entries: two runs, each opened, claimed, parked and discarded."""
    with committed():
        for code in ("CER-T-A", "CER-T-B"):
            run = open_another(code)
            operations.claim_run(run_id=run.pk, as_of=AS_OF)
            operations.park_run(run_id=run.pk, reason=f"No price, {code}.")
            operations.discard_run(run_id=run.pk)


def open_another(code: str = "CER-T-C") -> SettlementRun:
    return operations.open_run(
        configuration=make_configuration(code), month=MONTH, kind="provisional", opened_by=None, as_of=AS_OF
    )


@contextmanager
def behind_the_triggers() -> Iterator[Callable[[str], None]]:
    """What the owner of the database can do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with open questions cannot be altered
        cursor.execute("ALTER TABLE settlement_auditentry DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE settlement_auditentry DROP CONSTRAINT IF EXISTS audit_counts_from_one")
        yield cursor.execute
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE settlement_auditentry ENABLE TRIGGER USER")
        cursor.execute("ALTER TABLE settlement_auditentry ADD CONSTRAINT audit_counts_from_one CHECK (sequence >= 1)")


def verify(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_an_intact_trail_exits_0_and_says_how_far_it_goes(trail: None) -> None:
    code, out, err = verify("--json")
    *_, last = iterate_entries()
    assert (code, err) == (0, "")
    assert json.loads(out) == {"entries": STEPS, "last_mac": last.mac, "anchored": STEPS, "anchors": STEPS}
    assert "intact: 8 entries" in verify()[1]


def test_an_empty_trail_is_intact() -> None:
    assert verify()[0] == 0


EDITS = {
    "reason": "UPDATE settlement_auditentry SET reason = 'other' WHERE sequence = 3",
    "user": "UPDATE settlement_auditentry SET actor = 'timetable' WHERE sequence = 3",
    "time": "UPDATE settlement_auditentry SET at = at + interval '1 microsecond' WHERE sequence = 3",
    "run": "UPDATE settlement_auditentry SET run_number = run_number + 1 WHERE sequence = 3",
    "state": "UPDATE settlement_auditentry SET to_state = 'computed' WHERE sequence = 3",
    "details": """UPDATE settlement_auditentry SET details = '{"result_sha256": "x"}' WHERE sequence = 3""",
    "seal": "UPDATE settlement_auditentry SET mac = repeat('a', 64) WHERE sequence = 3",
    "words and seal": "UPDATE settlement_auditentry SET reason = 'other', mac = repeat('a', 64) WHERE sequence = 3",
    "link": "UPDATE settlement_auditentry SET previous_mac = repeat('a', 64) WHERE sequence = 3",
}
ATTACKS = {
    **{f"edit the {name}": (sql, 3, "edited") for name, sql in EDITS.items()},
    "edit the last": ("UPDATE settlement_auditentry SET reason = 'other' WHERE sequence = 8", 8, "edited"),
    "delete one": (DELETE.format(4), 4, "deleted"),
    "delete the first": (DELETE.format(1), 1, "deleted"),
    "delete three": ("DELETE FROM settlement_auditentry WHERE sequence IN (4, 5, 6)", 4, "deleted"),
    "delete one and number the rest again": (DELETE.format(4) + SHIFT.format(4, "-"), 4, "deleted"),
    "delete the last but one and number again": (DELETE.format(7) + SHIFT.format(7, "-"), 7, "deleted"),
    "insert in the middle": (SHIFT.format(4, "+") + FORGE.format(4), 4, "inserted"),
    "insert in the middle and close the chain": (
        f"{SHIFT.format(4, '+')}{FORGE.format(4)}"
        "UPDATE settlement_auditentry SET previous_mac = repeat('b', 64) WHERE sequence = 5",
        4,
        "inserted",
    ),
    "append": (FORGE.format(9), 9, "inserted"),
    "swap two rows": (SWAP_ROWS.format(3, 6), 3, "swapped"),
    "swap two neighbours": (SWAP_ROWS.format(3, 4), 3, "swapped"),
    "swap the first and the last": (SWAP_ROWS.format(1, 8), 1, "swapped"),
    "swap what two rows say": (SWAP_WORDS, 3, "swapped"),
    "cut the last": (DELETE.format(8), 8, "cut"),
    "cut the tail": ("DELETE FROM settlement_auditentry WHERE sequence > 3", 4, "cut"),
    "cut all": ("DELETE FROM settlement_auditentry", 1, "cut"),
    "empty the table": ("TRUNCATE settlement_auditentry", 1, "cut"),
    "another key": ("UPDATE settlement_auditentry SET key_id = 'k9' WHERE sequence = 5", 5, "key_unknown"),
}


@pytest.mark.parametrize(("sql", "sequence", "wrong"), ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_named_with_its_place(trail: None, sql: str, sequence: int, wrong: str) -> None:
    with behind_the_triggers() as execute:
        execute(sql)
    code, out, err = verify("--json")
    assert (code, out) == (1, "")
    assert err.startswith(f"Entry {sequence}: {wrong}. "), err


def test_a_tail_that_was_cut_and_grew_again_is_missed_all_the_same(trail: None, committed: Commit) -> None:
    with behind_the_triggers() as execute:
        execute("DELETE FROM settlement_auditentry WHERE sequence > 6")
    with committed():
        for code in ("CER-T-C", "CER-T-D", "CER-T-E"):
            open_another(code)
    exit_code, _, err = verify()
    assert (exit_code, err.startswith("Entry 7: cut. ")) == (1, True)


def test_without_the_anchor_a_cut_tail_would_not_be_seen(trail: None) -> None:
    """Negative control: what sees the cut is the anchor, not the chain."""
    with behind_the_triggers() as execute:
        execute("DELETE FROM settlement_auditentry WHERE sequence > 3")
    path = locate(ANCHORS)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    assert verify()[0] == 0


def test_anchors_that_are_gone_are_reported(trail: None) -> None:
    locate(ANCHORS).unlink()
    code, _, err = verify()
    assert (code, err.startswith("Entry 8: unanchored. ")) == (1, True)


def test_a_last_line_that_a_crash_tore_does_no_harm(trail: None, committed: Commit) -> None:
    path = locate(ANCHORS)
    path.write_bytes(path.read_bytes()[:-20])
    answer = json.loads(verify("--json")[1])
    assert (answer["entries"], answer["anchored"]) == (8, 7)
    with committed():
        open_another()
    answer = json.loads(verify("--json")[1])
    assert (answer["entries"], answer["anchored"], answer["anchors"]) == (9, 9, 8)


def test_a_step_whose_anchor_was_lost_is_covered_by_the_next(trail: None) -> None:
    path = locate(ANCHORS)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert verify()[0] == 0
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.django_db(transaction=True)
def test_an_anchor_that_cannot_be_written_does_not_undo_the_step(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "file"
    settings.DATA_DIR.write_text("no directory")
    open_another("CER-T-A")
    settings.DATA_DIR = tmp_path / "disk"
    assert verify()[2].startswith("Entry 1: unanchored. ")
    open_another("CER-T-B")
    assert json.loads(verify("--json")[1])["entries"] == 2


def test_a_new_key_in_front_seals_and_the_old_one_still_verifies(trail: None, settings: Any) -> None:
    (old_id, old), *_ = settings.PII_KEYS
    settings.PII_KEYS = (("k2", b"2" * 32), (old_id, old))
    settings.AUDIT_KEYS = settings.AUDIT_KEYS | {"k2": b"3" * 32}
    open_another()
    *_, last = iterate_entries()
    assert last.key_id == "k2"
    assert last.mac == compute_mac(replace(last, mac=""), {"k2": b"3" * 32})
    assert verify()[0] == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("state = 'parked'", "is parked, but its last step, entry 9, left it approved"),
        (f"result_sha256 = '{'3' * 64}', approved_sha256 = '{'3' * 64}'", "has another result than its steps up to entry 9 tell"),
    ],
    ids=["state", "result"],
)
def test_a_run_that_was_changed_past_its_steps_is_named(trail: None, committed: Commit, change: str, told: str) -> None:
    run = make_computed_run(make_configuration("CER-T-C"))
    with committed():
        operations.approve_run(run_id=run.pk, approved_by=make_user("bruno"), seen_sha256="2" * 64, as_of=AS_OF)
    assert verify()[0] == 0
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE settlement_settlementrun DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE settlement_settlementrun SET {change} WHERE id = %s", [run.pk])
    code, _, err = verify()
    assert (code, err.startswith(f"Entry 9: contradicted. Run {run.pk} {told}.")) == (1, True), err
