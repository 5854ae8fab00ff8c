"""A small community in the file format, the ways to bring it in, and a look at everything that is stored."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Model

from apps.communities.models import (
    Community,
    Configuration,
    DistributionRule,
    Member,
    Membership,
    MeteringPoint,
    Plant,
)
from apps.communities.operations import CommunityImport, import_community

Document = dict[str, Any]
Edit = Callable[[Document], None]

TABLES: tuple[type[Model], ...] = (Community, Configuration, DistributionRule, Member, Membership, MeteringPoint, Plant)

SPLIT: Document = {
    "deductions": [{"account": "management", "percent": "10"}],
    "producers_percent": "50",
    "producers_key": "injected",
    "consumers_key": "coincident",
}

DOCUMENT: Document = {
    "community": {
        "code": "CER-UNO",
        "name": "CER Uno",
        "tax_code": "12345678903",
        "iban": "IT60X0542811101000000123456",
        "legal_form": "association",
    },
    "configurations": [
        {
            "code": "UNO-A",
            "kind": "cer",
            "primary_substation": "AC001E01298",
            "starts_on": "2023-01-01",
            "distribution": {
                "premium": SPLIT,
                "valorisation": {**SPLIT, "deductions": [], "producers_percent": "0"},
                "excess": {"social_fund_percent": "50", "consumers_key": "coincident"},
            },
        },
        {
            "code": "UNO-B",
            "kind": "cer",
            "primary_substation": "AC001E01299",
            "starts_on": "2023-01-01",
            "distribution": {"premium": SPLIT, "valorisation": SPLIT},
        },
    ],
    "members": [
        {
            "code": "M1",
            "name": "Anna Rossi",
            "kind": "household",
            "tax_code": "RSSNNA80A41A124C",
            "iban": "IT60X0542811101000000123456",
            "email": "anna@example.org",
            "joined_on": "2023-01-01",
            "left_on": None,
        },
        {"code": "M2", "name": "Comune di Alba", "kind": "local_authority", "joined_on": "2023-01-01", "left_on": None},
        {"code": "M3", "name": "Bar Sport", "kind": "sme", "joined_on": "2023-01-01", "left_on": None},
    ],
    "metering_points": [
        {
            "pod": "IT001E00000001",
            "configuration": "UNO-A",
            "member": "M1",
            "voltage": "BT",
            "valid_from": "2023-01-01",
            "valid_to": None,
        },
        {
            "pod": "IT001E00000002",
            "configuration": "UNO-A",
            "member": "M2",
            "voltage": "MT",
            "valid_from": "2023-01-01",
            "valid_to": None,
        },
        {
            "pod": "IT020E00000003X",
            "configuration": "UNO-B",
            "member": "M3",
            "voltage": "BT",
            "valid_from": "2023-02-01",
            "valid_to": "2023-06-01",
        },
    ],
    "plants": [
        {
            "code": "P1",
            "pod": "IT001E00000001",
            "source": "photovoltaic",
            "power_kw": "99.9",
            "region": "Lombardia",
            "market_zone": "NORD",
            "entered_operation_on": "2022-03-01",
            "grant_intensity": "0",
            "obligation_power_kw": "0",
        }
    ],
}


def make_document(*edits: Edit) -> Document:
    """The sample, changed."""
    document: Document = json.loads(json.dumps(DOCUMENT))  # no two places share an object
    for edit in edits:
        edit(document)
    return document


def bring_in(document: Document | bytes, *, approved: tuple[date, ...] = ()) -> CommunityImport:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return import_community(content=content, approved_months=lambda configuration: approved)


def look() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, personal values decrypted."""
    return {model.__name__: [dict(row) for row in model._default_manager.order_by("pk").values()] for model in TABLES}


def make_other_community() -> Document:
    """Another community, which shares nothing with the sample."""

    def edit(document: Document) -> None:
        document["community"] |= {"code": "CER-DUE", "name": "CER Due"}
        document["configurations"] = [document["configurations"][0] | {"code": "DUE-A"}]
        document["members"] = [document["members"][0] | {"name": "Bruno Bianchi"}]
        document["metering_points"] = [document["metering_points"][0] | {"pod": "IT001E99999999", "configuration": "DUE-A"}]
        document["plants"] = [document["plants"][0] | {"pod": "IT001E99999999"}]

    return make_document(edit)
