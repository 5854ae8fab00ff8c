"""What a session was subscribed to is remembered, and nothing that happens to the file stops the listener."""

from pathlib import Path

import pytest

from apps.listener.subscriptions import Subscriptions


def test_topics_are_remembered_for_each_session_across_processes(tmp_path: Path):
    Subscriptions(tmp_path / "new").remember("one", frozenset({"a/#", "b/é"}))
    again = Subscriptions(tmp_path / "new")
    assert again.get("one") == {"a/#", "b/é"}
    assert again.get("two") == frozenset()
    again.remember("one", frozenset({"c"}))
    assert again.get("one") == {"c"}


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff", b"{}", b"7", b"[1, null]"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes):
    subscriptions = Subscriptions(tmp_path)
    subscriptions.remember("one", frozenset({"a"}))
    next(tmp_path.iterdir()).write_bytes(content)
    assert subscriptions.get("one") == frozenset()
    subscriptions.remember("one", frozenset({"b"}))
    assert subscriptions.get("one") == {"b"}
