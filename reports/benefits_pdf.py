"""The yearly report of benefits as a PDF in the manner of the statements: A4, the same bytes for the same report."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, BinaryIO

from reports import formats, words
from reports.benefits_tables import CONTRIBUTIONS, amounts_of, gse_side_of, total_of
from reports.benefits_words import draft_of, gse_notes_of, notes_of, provisional_of, rules_of, share_of
from reports.documents.benefits import BenefitsAccount, BenefitsCategory, BenefitsDocument, BenefitsMonth
from reports.formats import NBSP, plain
from reports.printer import Printer

Line = dict[str, Any]  # kind (class of the row), cells


def render(document: BenefitsDocument, output: BinaryIO) -> None:
    """Write the PDF. Errors: `PangoMissing`."""
    output.write(_printer().pdf(_printer().fill({"view": view_of(document)})))


@lru_cache(maxsize=1)
def _printer() -> Printer:
    return Printer(template="benefits.html", style="statement.css")


def view_of(document: BenefitsDocument) -> dict[str, object]:
    """Everything that the page says, as text."""
    issuer, configuration = document.issuer, document.configuration
    total = total_of(document.months)
    form = words.LEGAL_FORMS.get(issuer.legal_form, plain(issuer.legal_form, 60))
    members = sum(row.members for row in document.categories)
    return {
        "title": f"Relazione sui benefici {document.year} – {plain(configuration.code, 40)}",
        "author": plain(issuer.name),
        "issuer_name": plain(issuer.name),
        "issuer_lines": [
            line
            for line in (" · ".join(part for part in (form, f"C.F. {issuer.tax_code}") if part), plain(issuer.address))
            if line
        ],
        "banners": [
            (kind, text) for kind, text in (("draft", draft_of(document)), ("provisional", provisional_of(document))) if text
        ],
        "year": str(document.year),
        "code": plain(configuration.code, 40),
        "configuration_lines": [
            words.CONFIGURATION_KINDS[configuration.kind],
            f"Cabina primaria {plain(configuration.primary_substation, 20)}",
        ],
        "total": formats.euro(total[3]),
        "cards": [
            *(
                {"name": name, "amount": formats.euro(cents), "meaning": _share(cents, total[3])}
                for name, cents in zip(CONTRIBUTIONS, total, strict=False)
            ),
        ],
        "energies": _energies(document),
        "members": f"{formats.number(members)}{NBSP}soci",
        "months": [*(_line(formats.MONTHS[row.month - 1], row) for row in document.months), _total("Anno", document.months)],
        "categories": _categories(document.categories),
        "accounts": [
            *(_line(words.account(row.account), row) for row in document.accounts),
            _total("Ai conti", document.accounts),
        ],
        "purposes": [
            (plain(words.account(row.account), 60), plain(row.purpose, 300) or "non indicata") for row in document.accounts
        ],
        "excess": [
            {
                "cells": [
                    "con contributo in conto capitale" if row.granted else "senza contributo in conto capitale",
                    formats.percent(Fraction(row.threshold)),
                    formats.kwh(row.incentivised_wh),
                    formats.kwh(row.injected_wh),
                    share_of(row.incentivised_wh, row.injected_wh),
                ]
            }
            for row in document.excess_sets
        ],
        "excess_use": _excess_use(document),
        "gse_side": _gse_side(document) if document.gse_months else [],
        "gse_notes": gse_notes_of(document),
        "rules": rules_of(document),
        "notes": notes_of(document),
        "foot": f"{plain(issuer.name, 80)} · {plain(configuration.code, 40)} · relazione sui benefici {document.year}",
    }


def _share(cents: int, total: int) -> str:
    return f"{formats.percent(Fraction(cents, total), 1)} del totale" if total else ""


def _energies(document: BenefitsDocument) -> list[tuple[str, str]]:
    names = {"injected_wh": "Immessa", "withdrawn_wh": "Prelevata", "shared_wh": "Condivisa", "incentivised_wh": "Incentivata"}
    return [(title, formats.kwh(sum(getattr(row, name) for row in document.months))) for name, title in names.items()]


def _line(name: str, row: BenefitsMonth | BenefitsCategory | BenefitsAccount, kind: str = "") -> Line:
    return {"kind": kind, "cells": [plain(name, 60), *map(formats.euro, amounts_of(row))]}


def _total(name: str, rows: Sequence[BenefitsMonth] | Sequence[BenefitsCategory] | Sequence[BenefitsAccount]) -> Line:
    return {"kind": "total", "cells": [name, *map(formats.euro, total_of(rows))]}


def _categories(rows: Sequence[BenefitsCategory]) -> list[Line]:
    """Who is no enterprise and who is, each with its sum, then all members."""
    lines: list[Line] = []
    for is_enterprise, title in ((False, "Non imprese"), (True, "Imprese")):
        mine = [row for row in rows if row.is_enterprise is is_enterprise]
        lines += [_with_number(_line(words.MEMBER_KINDS.get(row.kind, row.kind), row), row.members) for row in mine]
        lines.append(_with_number(_total(title, mine), sum(row.members for row in mine)))
    lines.append(_with_number(_total("Tutti i soci", rows), sum(row.members for row in rows)))
    return lines


def _with_number(line: Line, members: int) -> Line:
    name, *amounts = line["cells"]
    return {**line, "cells": [name, formats.number(members), *amounts]}


def _excess_use(document: BenefitsDocument) -> list[Line]:
    """Where the excess went: members that are no enterprises, enterprises (which must be nothing), accounts."""
    people = sum(row.excess_cents for row in document.categories if not row.is_enterprise)
    firms = sum(row.excess_cents for row in document.categories if row.is_enterprise)
    rows = [("Ai consumatori diversi dalle imprese", people), ("A imprese", firms)]
    rows += [(f"Conto {words.account(row.account)}", row.excess_cents) for row in document.accounts if row.excess_cents]
    total = sum(row.excess_cents for row in document.months)
    return [
        *({"kind": "", "cells": [plain(name, 80), formats.euro(cents)]} for name, cents in rows),
        {"kind": "total", "cells": ["Importo eccedentario dell'anno", formats.euro(total)]},
    ]


def _gse_side(document: BenefitsDocument) -> list[Line]:
    """Per contribution what was split, what GSE published, what came and what is still to come; a dash is not known."""
    lines: list[Line] = []
    for title, split, published, received in gse_side_of(document):
        due = None if published is None else published - (received or 0)
        cells = [formats.euro(cents) if cents is not None else "–" for cents in (split, published, received, due)]
        lines.append({"kind": "total" if title == "Totale" else "", "cells": [title, *cells]})
    return lines
