"""Every string marked for translation has an English text, and every sentence that code says in English an Italian one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("apps", "tasks", "project")
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
PLURAL_MARKS = {"ngettext", "ngettext_lazy"}
TRANSLATE = re.compile(r"""\{%\s*(?:translate|trans)\s+(?:"([^"]+)"|'([^']+)')""")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%")
# Words that only an English sentence has between two spaces; the interface itself is written in Italian.
ENGLISH = re.compile(r"\b(the|is|not|of|has|are|must|and)\b")
ITALIAN = re.compile(r"\b(il|la|di|del|che|non|un|una|per|con|è|sono|le|i)\b")


def _catalogue(language: str) -> dict[str, polib.POEntry]:
    entries: dict[str, polib.POEntry] = {}
    for path in [*ROOT.glob(f"locale/{language}/**/*.po"), *ROOT.glob(f"apps/*/locale/{language}/**/*.po")]:
        entries |= {entry.msgid: entry for entry in polib.pofile(str(path)) if not entry.obsolete}
    return entries


def _marked_in_python(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _marked() -> dict[str, str]:
    """Msgid -> the file that marks it."""
    found: dict[str, str] = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            found |= dict.fromkeys(_marked_in_python(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT)))
        for path in sorted((ROOT / room).rglob("*.html")):
            for match in TRANSLATE.finditer(path.read_text(encoding="utf-8")):
                found[match[1] or match[2]] = str(path.relative_to(ROOT))
    return found


def test_the_extraction_sees_strings_in_code_and_templates() -> None:
    assert list(_marked_in_python('x = _("uno") + ngettext("due", "più", 2) + other("tre")')) == ["uno", "due"]
    match = TRANSLATE.search('<h1>{% translate "quattro" %}</h1>')
    assert match
    assert match[1] == "quattro"
    assert len(_marked()) > 400


def test_everything_marked_has_an_english_text() -> None:
    english = _catalogue("en")
    # Labels that the libraries already translate are theirs, not ours.
    missing = {msgid: place for msgid, place in _marked().items() if msgid not in english}
    assert missing == {}
    assert [entry.msgid for entry in english.values() if entry.fuzzy or not entry.translated()] == []


def test_every_english_sentence_of_the_code_has_an_italian_text() -> None:
    italian = _catalogue("it")
    sentences = {
        msgid: place
        for msgid, place in _marked().items()
        if len(ENGLISH.findall(msgid)) >= 2 and not ITALIAN.search(msgid) and place.endswith(".py")
    }
    assert len(sentences) > 50
    assert {msgid: place for msgid, place in sentences.items() if msgid not in italian} == {}
    assert [entry.msgid for entry in italian.values() if entry.fuzzy or not entry.translated()] == []


@pytest.mark.parametrize("language", ["en", "it"])
def test_placeholders_are_the_same_on_both_sides(language: str) -> None:
    for entry in _catalogue(language).values():
        wanted = set(PLACEHOLDER.findall(entry.msgid)) | set(PLACEHOLDER.findall(entry.msgid_plural))
        texts = [entry.msgstr] if entry.msgstr else list(entry.msgstr_plural.values())
        found = {placeholder for text in texts for placeholder in PLACEHOLDER.findall(text)}
        assert found == wanted, entry.msgid
