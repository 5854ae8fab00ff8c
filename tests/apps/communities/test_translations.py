"""Every refusal of the imports has an Italian sentence with the same values in it."""

import ast
import re
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).parents[3]
ROOMS = {
    "communities": ["communities/community_file", "communities/queries.py", "communities/operations_rules.py"],
    "settlement": ["settlement/prices"],
}
VALUES = re.compile(r"%(?:\(\w+\)[sr]|%)")


def sentences(app: str) -> set[str]:
    """The literal argument of every call of `_`."""
    found = set()
    for place in ROOMS[app]:
        path = ROOT / "apps" / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                    (said,) = node.args
                    assert isinstance(said, ast.Constant), f"{file}:{node.lineno}: not a literal, so it cannot be translated"
                    found.add(str(said.value))
    return found


def catalogue(app: str) -> dict[str, str]:
    entries = polib.pofile(str(ROOT / "apps" / app / "locale" / "it" / "LC_MESSAGES" / "django.po"))
    return {entry.msgid: entry.msgstr for entry in entries}


@pytest.mark.parametrize("app", ROOMS)
def test_every_sentence_is_translated_with_the_same_values(app: str) -> None:
    said, translated = sentences(app), catalogue(app)
    assert len(said) > 30
    assert said - translated.keys() == set()
    for sentence in said:
        assert translated[sentence], sentence
        assert sorted(VALUES.findall(sentence)) == sorted(VALUES.findall(translated[sentence])), sentence
