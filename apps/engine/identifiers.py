"""The codes that the outside world gives to things: what they look like and which ones exist (settlement-rules 1)."""

import re
from collections.abc import Sequence

from apps.engine.errors import InvalidIdentifier
from apps.engine.inputs import Voltage

MARKET_ZONES = ("NORD", "CNOR", "CSUD", "SUD", "CALA", "SICI", "SARD")
REGIONS = (
    "Abruzzo",
    "Basilicata",
    "Calabria",
    "Campania",
    "Emilia-Romagna",
    "Friuli-Venezia Giulia",
    "Lazio",
    "Liguria",
    "Lombardia",
    "Marche",
    "Molise",
    "Piemonte",
    "Puglia",
    "Sardegna",
    "Sicilia",
    "Toscana",
    "Trentino-Alto Adige",
    "Umbria",
    "Valle d'Aosta",
    "Veneto",
)
MEMBER_KINDS = (
    "household",
    "sme",
    "large_enterprise",
    "local_authority",
    "religious_body",
    "third_sector",
    "environmental_body",
    "research_body",
    "other",
)
SOURCES = ("photovoltaic", "wind", "hydro", "biogas", "biomass", "other")
# D.lgs. 199/2021 as quoted in RO p.146. `other` may be anything: a premium must never come from a source nobody named.
RENEWABLE_SOURCES = ("photovoltaic", "wind", "hydro", "biogas", "biomass")
PHOTOVOLTAIC = "photovoltaic"
# From the lowest level up (RO p.142-144).
VOLTAGES_UPWARD = (Voltage.LOW, Voltage.MEDIUM, Voltage.HIGH, Voltage.EXTRA_HIGH)

POD_KEY_LENGTH = 14
_POD = re.compile(r"IT[0-9]{3}E[0-9A-Z]{8}[0-9A-Z]?")
_PRIMARY_SUBSTATION = re.compile(r"AC[0-9]{3}E[0-9]{5}")


def normalise_pod(text: str) -> str:
    """Return a POD stripped and in upper case, 14 or 15 characters. Errors: `InvalidIdentifier`."""
    pod = text.strip().upper()
    if not _POD.fullmatch(pod):
        raise InvalidIdentifier(
            f"{text!r} is not a POD: expected IT, three digits, E and eight or nine letters or digits, "
            "such as IT001E00000001. Copy it from the bill."
        )
    return pod


def pod_key(pod: str) -> str:
    """Return what identifies a POD: its first 14 characters; the fifteenth is a check that bills print or leave out."""
    return pod[:POD_KEY_LENGTH]


def normalise_primary_substation(text: str) -> str:
    """Return the code of a primary substation in upper case. Errors: `InvalidIdentifier`."""
    code = text.strip().upper()
    if not _PRIMARY_SUBSTATION.fullmatch(code):
        raise InvalidIdentifier(
            f"{text!r} is not a primary substation: expected AC, three digits, E and five digits, "
            "such as AC001E01298. Look it up on the map of the GSE."
        )
    return code


def _one_of(what: str, text: str, allowed: Sequence[str]) -> str:
    if text not in allowed:
        raise InvalidIdentifier(f"{text!r} is not a {what}: use one of {', '.join(allowed)}.")
    return text


def check_market_zone(text: str) -> str:
    """Return the market zone (RO p.147). Errors: `InvalidIdentifier`."""
    return _one_of("market zone", text, MARKET_ZONES)


def check_region(text: str) -> str:
    """Return the region as written in the tariff's table (RO p.148). Errors: `InvalidIdentifier`."""
    return _one_of("region", text, REGIONS)


def check_member_kind(text: str) -> str:
    """Return the kind of a member. Errors: `InvalidIdentifier`."""
    return _one_of("kind of member", text, MEMBER_KINDS)


def check_source(text: str) -> str:
    """Return the source of a plant. Errors: `InvalidIdentifier`."""
    return _one_of("source", text, SOURCES)


def check_voltage(text: str) -> Voltage:
    """Return the connection voltage (RO p.142-144). Errors: `InvalidIdentifier`."""
    return Voltage(_one_of("voltage", text, tuple(Voltage)))
