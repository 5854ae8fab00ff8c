"""The XML of GME (`…MGPPrezzi.xml`, `…MGPPrezzi15.xml`) as elements, read without ever following what a file could ask for.

Document types, and with them entities and external files, are refused before anything of them is looked at.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from django.utils.translation import gettext as _

from apps.settlement.prices.rows import LineFault, PricesRefused

ROOT = "NewDataSet"
RECORDS = ("Prezzi", "Prezzi15")
_SCHEMA = "xs:schema"
_DEPTH_OF_RECORDS, _DEPTH_OF_VALUES = 2, 3


@dataclass(slots=True)
class Record:
    """One `<Prezzi>`: its children's texts by name. `repeated` are names that stand twice."""

    line: int
    values: dict[str, str] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)


def read_records(content: bytes) -> list[Record]:
    """Return the records of a file. Errors: `PricesRefused` when it is not XML, not a price file, or has a document type."""
    collector = _Collector()
    try:
        collector.parser.Parse(content, True)
    except expat.ExpatError as error:
        reason = _("this is not XML (%(reason)s). Download the file again.") % {"reason": expat.errors.messages[error.code]}
        raise PricesRefused([LineFault(error.lineno, reason)]) from error
    except (LookupError, ValueError) as error:
        raise PricesRefused(
            [LineFault(1, _("the file's encoding cannot be read (%(reason)s). Save it as UTF-8.") % {"reason": error})]
        ) from error
    return collector.records


class _Collector:
    def __init__(self) -> None:
        self.records: list[Record] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_document_type
        self.parser.EntityDeclHandler = self._refuse_document_type
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._path: list[str] = []
        self._texts: list[str] = []

    def _refuse(self, reason: str) -> PricesRefused:
        return PricesRefused([LineFault(self.parser.CurrentLineNumber, reason)])

    def _refuse_document_type(self, *declaration: object) -> None:
        raise self._refuse(_("the file declares a document type, which price files never do. Download it again from GME."))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) == 1 and name != ROOT:
            raise self._refuse(
                _("the file begins with <%(name)s>, a price file of GME with <%(root)s>.") % {"name": name, "root": ROOT}
            )
        if len(self._path) == _DEPTH_OF_RECORDS and name != _SCHEMA:
            if name not in RECORDS:
                raise self._refuse(
                    _("<%(name)s> is none of %(names)s: this is not a file of zonal prices.")
                    % {"name": name, "names": ", ".join(RECORDS)}
                )
            self.records.append(Record(self.parser.CurrentLineNumber))
        self._texts = []

    def _end(self, name: str) -> None:
        if len(self._path) == _DEPTH_OF_VALUES and self._path[1] in RECORDS:
            record = self.records[-1]
            if name in record.values:
                record.repeated.append(name)
            record.values[name] = "".join(self._texts).strip()
        self._path.pop()
        self._texts = []

    def _text(self, text: str) -> None:
        if len(self._path) == _DEPTH_OF_VALUES:
            self._texts.append(text)
