"""The spool gives back what it was given, in order, whatever a crash left on the disk."""

import errno
import os
import random
from pathlib import Path

import pytest

from apps.listener import spool as spool_module
from apps.listener.directory import DirectoryTaken, get_disk_percent, lock_directory
from apps.listener.spool import HEADER, Spool


def read_all(spool: Spool) -> list[bytes]:
    """Everything, forgotten as it is read."""
    found: list[bytes] = []
    while records := spool.read():
        found += records.contents
        spool.forget(records, len(records.contents))
    return found


def make_contents(count: int, seed: int = 1) -> list[bytes]:
    source = random.Random(seed)
    return [source.randbytes(source.randrange(0, 3000)) for _ in range(count)]


def test_it_gives_back_what_it_was_given_in_order_and_leaves_no_file(tmp_path: Path):
    spool, contents = Spool(tmp_path), make_contents(300)
    for start in range(0, 300, 7):
        spool.append(contents[start : start + 7])
    assert spool.size_bytes == sum(len(content) + HEADER.size for content in contents)
    assert read_all(spool) == contents
    assert spool.size_bytes == 0
    assert list(tmp_path.iterdir()) == []


def test_another_process_finds_it_and_goes_on_where_the_first_stopped(tmp_path: Path):
    contents = make_contents(150)
    first = Spool(tmp_path)
    first.append(contents)
    records = first.read()
    assert records
    first.forget(records, 10)
    second = Spool(tmp_path)
    second.append([b"new"])
    assert read_all(second) == [*contents[10:], b"new"]


def test_reading_is_bounded(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([b"x" * 1_000_000] * 10 + [b"y"] * 200)
    records = spool.read()
    assert records
    assert len(records.contents) == 5
    assert sum(map(len, records.contents)) == 5_000_000
    assert len(read_all(spool)) == 210


def test_it_goes_on_in_another_segment_when_one_has_grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 5000)
    spool, contents = Spool(tmp_path), make_contents(60)
    for content in contents:
        spool.append([content])
    assert len(list(tmp_path.glob("*.spool"))) > 5
    assert read_all(Spool(tmp_path)) == contents


@pytest.mark.parametrize("lost", [1, 5, 11, 12, 13, 100])
def test_a_torn_last_record_is_put_aside_and_blocks_nothing(tmp_path: Path, lost: int):
    Spool(tmp_path).append([b"first" * 50, b"second" * 50])
    segment = next(tmp_path.glob("*.spool"))
    os.truncate(segment, segment.stat().st_size - lost)
    torn = segment.read_bytes()[HEADER.size + 250 :]
    spool = Spool(tmp_path)
    spool.append([b"third"])
    assert read_all(spool) == [b"first" * 50, b"third"]
    assert spool.damaged == 1
    (aside,) = tmp_path.iterdir()
    assert aside.suffix == ".damaged"
    assert aside.read_bytes() == torn


def test_damage_in_the_middle_costs_one_record_only(tmp_path: Path):
    Spool(tmp_path).append([b"first" * 50, b"RAW1 and more RAW1" * 10, b"third" * 50])
    segment = next(tmp_path.glob("*.spool"))
    content = bytearray(segment.read_bytes())
    content[HEADER.size + 250 + HEADER.size + 3] ^= 1
    segment.write_bytes(content)
    spool = Spool(tmp_path)
    assert read_all(spool) == [b"first" * 50, b"third" * 50]
    assert spool.damaged == 1


@pytest.mark.parametrize("progress", ["", "nonsense", "-5", "99999999"])
def test_a_damaged_note_of_progress_only_repeats(tmp_path: Path, progress: str):
    Spool(tmp_path).append([b"first", b"second"])
    next(tmp_path.glob("*.spool")).with_suffix(".progress").write_text(progress)
    assert read_all(Spool(tmp_path)) == [b"first", b"second"]


def test_an_append_that_fails_keeps_nothing_and_the_next_one_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spool = Spool(tmp_path)
    spool.append([b"first"])

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            spool.append([b"second"])
    spool.append([b"second", b"third"])
    found = read_all(spool)
    # what was written without fsync may be given back, too: names make that harmless
    assert found in ([b"first", b"second", b"third"], [b"first", b"second", b"second", b"third"])


@pytest.mark.parametrize("name", ["12ab.topics", "notes.spool", "lock", "7.spool", "sessions"])
def test_other_files_in_its_directory_are_left_alone(tmp_path: Path, name: str):
    (tmp_path / name).write_text("x")
    Spool(tmp_path).append([b"first"])
    assert read_all(Spool(tmp_path)) == [b"first"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_one_process_at_a_time(tmp_path: Path):
    with lock_directory(tmp_path), pytest.raises(DirectoryTaken, match="Another listener works with"):
        lock_directory(tmp_path)
    lock_directory(tmp_path).close()


def test_the_disk_is_neither_empty_nor_more_than_full(tmp_path: Path):
    assert 0 < get_disk_percent(tmp_path) <= 100
