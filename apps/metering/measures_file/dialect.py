"""The first line of a file: which columns, in which order, separated by what."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.engine.inputs import Quality
from apps.metering.errors import MeasuresFileRefused

REQUIRED = ("pod", "starts_at", "injected_kwh", "withdrawn_kwh")
OPTIONAL = ("quality",)
QUALITIES = {
    "measured": Quality.MEASURED,
    "estimated": Quality.ESTIMATED,
    "missing": Quality.MISSING,
    "official": Quality.OFFICIAL,
}
_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Dialect:
    """`columns` in the order of the file; `default` is the quality of rows that name none."""

    delimiter: str
    columns: tuple[str, ...]
    default: Quality


def read_header(line: bytes, default: Quality) -> Dialect:
    """Understand the first line. Errors: `MeasuresFileRefused` says what a header must look like."""
    if line.startswith(_OTHER_ENCODINGS) or b"\0" in line:
        raise not_text()
    try:
        text = line.removeprefix(_BOM).decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise not_text() from error
    delimiter = ";" if ";" in text else ","
    columns = tuple(name.strip().strip('"').strip().lower() for name in text.split(delimiter))
    wrong = sorted({name for name in columns if name not in REQUIRED + OPTIONAL})
    lacking = [name for name in REQUIRED if name not in columns]
    if lacking or wrong or len(set(columns)) != len(columns):
        raise MeasuresFileRefused(_describe(lacking, wrong))
    return Dialect(delimiter=delimiter, columns=columns, default=default)


def not_text() -> MeasuresFileRefused:
    """The refusal of a file that is no UTF-8 text."""
    return MeasuresFileRefused(
        gettext_noop("The file is not text in UTF-8. Save it as CSV UTF-8 (a spreadsheet or a compressed file cannot be read).")
    )


def _describe(lacking: list[str], wrong: list[str]) -> str:
    expected = _("Expected pod;starts_at;injected_kwh;withdrawn_kwh and, if wanted, quality.")
    if lacking:
        found = _("The first line is not the header of a file of measures: %(names)s missing.") % {"names": ", ".join(lacking)}
    elif wrong:
        shown = ", ".join(f"“{name[:40]}”" for name in wrong[:5])
        found = _("The header names columns that a file of measures does not have: %(names)s.") % {"names": shown}
    else:
        found = _("The header names a column twice.")
    return f"{found} {expected}"
