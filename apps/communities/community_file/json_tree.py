"""JSON as a tree that keeps what a plain parser forgets: keys given twice, and numbers as they were written."""

import json
from typing import Any

from django.utils.translation import gettext as _

from apps.communities.community_file.problems import FileRefused, Problem

MAX_BYTES = 64 * 1024 * 1024


class JsonObject(dict[str, Any]):
    """An object; `repeated` are the keys that it gives more than once."""

    repeated: tuple[str, ...] = ()


class JsonNumber(str):
    """A number, as its text. In our files numbers are strings, so wherever one stands it is a fault."""

    __slots__ = ()


def read_tree(content: bytes) -> Any:
    """Return the tree of a file. Errors: `FileRefused` with the line and column where the JSON breaks."""
    if len(content) > MAX_BYTES:
        raise _refusal(
            _("The file has %(count)s bytes, more than %(most)s. Split it by configuration.")
            % {"count": len(content), "most": MAX_BYTES}
        )
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=JsonNumber,
        )
    except UnicodeDecodeError as error:
        raise _refusal(_("The file is not UTF-8 at byte %(place)s. Save it as UTF-8.") % {"place": error.start}) from error
    except json.JSONDecodeError as error:
        raise _refusal(
            _("line %(line)s column %(column)s: this is not JSON (%(reason)s). Correct the file.")
            % {"line": error.lineno, "column": error.colno, "reason": error.msg}
        ) from error
    except RecursionError as error:
        raise _refusal(_("The file is nested too deeply to be a community. Correct the file.")) from error


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = JsonObject(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found.repeated = tuple(dict.fromkeys(name for name in names if names.count(name) > 1))
    return found


def _refusal(reason: str) -> FileRefused:
    return FileRefused([Problem("", reason)])
