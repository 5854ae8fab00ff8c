"""From the bytes of community.json to rows, with every fault that the file shows by itself."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from apps.communities.community_file import scalars
from apps.communities.community_file.distribution_table import read_table
from apps.communities.community_file.fields import KEEP, Fields, Keep
from apps.communities.community_file.gse_facts import read_gse_facts
from apps.communities.community_file.problems import Problems
from apps.communities.community_file.rows import (
    CommunityFile,
    CommunityRow,
    ConfigurationRow,
    MemberRow,
    PlantRow,
    PointRow,
    Row,
)
from apps.engine import identifiers
from apps.engine.inputs import Kind, Voltage

AnyRow = TypeVar("AnyRow", bound=Row)
_ONE = Decimal(1)
_LARGEST_KW = Decimal("999999999.999")


def read_document(tree: Any, problems: Problems) -> CommunityFile:
    """Return the rows of a file; faults go to `problems`, and rows with faults say which of their keys are broken."""
    fields = Fields(tree, "", problems)
    if fields.has("community"):
        community = fields.raw("community")
    else:
        community = None
        fields.note("community", _("is missing."))
    configurations = _read_list(fields, "configurations", _read_configuration)
    members = _read_list(fields, "members", _read_member)
    points = _read_list(fields, "metering_points", _read_point)
    plants = _read_list(fields, "plants", _read_plant)
    document = CommunityFile(
        community=_read_community(Fields(community, "community", problems if "community" not in fields.broken else Problems())),
        configurations=configurations,
        members=members,
        metering_points=points,
        plants=plants,
        broken=frozenset(fields.broken),
    )
    fields.close()
    _refuse_twins(((row.path, "code", row.code) for row in document.configurations), problems)
    _refuse_twins(((row.path, "code", row.code) for row in document.members), problems)
    _refuse_twins(((row.path, "code", row.code) for row in document.plants), problems)
    _refuse_twins(((row.path, "pod", row.pod_key) for row in document.plants), problems)
    return document


def _read_list(fields: Fields, name: str, read: Callable[[Fields], AnyRow]) -> Sequence[AnyRow]:
    return [read(Fields(tree, f"{name}[{index}]", fields.problems)) for index, tree in enumerate(fields.items(name))]


def _read_community(fields: Fields) -> CommunityRow:
    values: dict[str, Any] = {
        "code": fields.code("code"),
        "name": fields.text("name", longest=200),
        "tax_code": fields.optional("tax_code", scalars.to_tax_code, ""),
        "iban": fields.optional("iban", scalars.to_iban, ""),
        "legal_form": fields.optional("legal_form", partial(scalars.to_text, longest=60), ""),
        "address": fields.optional("address", partial(scalars.to_text, longest=300), ""),
        "contact_email": fields.optional("contact_email", scalars.to_email, ""),
    }
    return _close(fields, CommunityRow, values)


def _read_configuration(fields: Fields) -> ConfigurationRow:
    values: dict[str, Any] = {
        "code": fields.code("code"),
        "kind": fields.choice("kind", tuple(Kind)),
        "primary_substation": fields.required("primary_substation", scalars.to_primary_substation, ""),
        "starts_on": fields.day("starts_on"),
        "ends_on": fields.optional("ends_on", scalars.to_date, None),
        "table": KEEP,
        "fixed_members": (),
        "distribution_valid_from": fields.optional("distribution_valid_from", scalars.to_date, None),
    }
    if fields.has("distribution"):
        before = len(fields.problems.found)
        values["table"], members = read_table(fields.raw("distribution"), fields.at("distribution"), fields.problems)
        values["fixed_members"] = tuple(members)
        if len(fields.problems.found) > before:
            fields.broken.add("distribution")
    _refuse_reversed(fields, "starts_on", values["starts_on"], "ends_on", values["ends_on"])
    return _close(fields, ConfigurationRow, values)


def _read_member(fields: Fields) -> MemberRow:
    values: dict[str, Any] = {
        "code": fields.code("code"),
        "name": fields.text("name", longest=200),
        "kind": fields.choice("kind", identifiers.MEMBER_KINDS),
        "tax_code": fields.optional("tax_code", scalars.to_tax_code, ""),
        "iban": fields.optional("iban", scalars.to_iban, ""),
        "email": fields.optional("email", scalars.to_email, ""),
        "joined_on": fields.day("joined_on"),
        "left_on": fields.optional("left_on", scalars.to_date, None),
        "gse": read_gse_facts(fields),
    }
    _refuse_reversed(fields, "joined_on", values["joined_on"], "left_on", values["left_on"])
    return _close(fields, MemberRow, values)


def _read_point(fields: Fields) -> PointRow:
    pod = fields.required("pod", scalars.to_pod, "")
    values: dict[str, Any] = {
        "pod": pod,
        "pod_key": identifiers.pod_key(pod),
        "configuration": fields.code("configuration"),
        "member": fields.code("member"),
        "voltage": fields.choice("voltage", tuple(Voltage)),
        "valid_from": fields.day("valid_from"),
        "valid_to": fields.optional("valid_to", scalars.to_date, None),
        "storage_efficiency": fields.optional("storage_efficiency", _efficiency, None),
    }
    _refuse_reversed(fields, "valid_from", values["valid_from"], "valid_to", values["valid_to"])
    return _close(fields, PointRow, values)


def _read_plant(fields: Fields) -> PlantRow:
    values: dict[str, Any] = {
        "code": fields.code("code"),
        "pod_key": identifiers.pod_key(fields.required("pod", scalars.to_pod, "")),
        "source": fields.choice("source", identifiers.SOURCES),
        "power_kw": fields.number("power_kw", most=_LARGEST_KW, places=3),
        "region": fields.choice("region", identifiers.REGIONS),
        "market_zone": fields.choice("market_zone", identifiers.MARKET_ZONES),
        "entered_operation_on": fields.day("entered_operation_on"),
        "grant_intensity": fields.number("grant_intensity", most=_ONE, places=6),
        "obligation_power_kw": fields.number("obligation_power_kw", most=_LARGEST_KW, places=3),
        "in_building": fields.flag("in_building"),
    }
    power, obligation = values["power_kw"], values["obligation_power_kw"]
    if "power_kw" not in fields.broken and not power:
        fields.note("power_kw", _("must be above 0."))
    elif fields.broken.isdisjoint({"power_kw", "obligation_power_kw"}) and obligation > power:
        fields.note(
            "obligation_power_kw",
            _("%(obligation)s kW is more than the power of the plant, %(power)s kW.")
            % {"obligation": obligation, "power": power},
        )
    return _close(fields, PlantRow, values)


def _close(fields: Fields, row: type[AnyRow], values: dict[str, Any]) -> AnyRow:
    fields.close()
    return row(path=fields.path, broken=frozenset(fields.broken), **values)


def _efficiency(text: str) -> Decimal | None:
    return scalars.to_decimal(text, least=Decimal(0), most=_ONE, places=4)


def _refuse_reversed(fields: Fields, first: str, starts: date, last: str, ends: date | Keep | None) -> None:
    if fields.broken.isdisjoint({first, last}) and isinstance(ends, date) and ends <= starts:
        fields.note(
            last,
            _("%(ends)s must be after %(first)s, %(starts)s: it is the first day that no longer counts.")
            % {"ends": ends, "first": first, "starts": starts},
        )


def _refuse_twins(keys: Iterable[tuple[str, str, str]], problems: Problems) -> None:
    """Two rows of one list with the same key."""
    first: dict[str, str] = {}
    for path, name, key in keys:
        if key and first.setdefault(key, path) != path:
            problems.add(
                f"{path}.{name}", _("%(key)s already stands at %(place)s. Keep one of them.") % {"key": key, "place": first[key]}
            )
