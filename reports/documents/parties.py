"""Who issues a document, for which configuration, to whom; and energy as every document counts it."""

from dataclasses import dataclass

from apps.engine.inputs import Kind


@dataclass(frozen=True, slots=True)
class Issuer:
    """The community that issues the document. `logo` is PNG, JPEG or SVG (recognised by content), at most 1 MB; anything
    else is left out, never opened by name."""

    name: str
    tax_code: str
    address: str = ""
    legal_form: str = ""
    iban_masked: str = ""
    logo: bytes | None = None


@dataclass(frozen=True, slots=True)
class ConfigurationFacts:
    code: str
    kind: Kind
    primary_substation: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """The member a statement is for. `kind` is the machine word of interfaces.md (`household`, `sme`, …)."""

    code: str
    name: str
    kind: str
    tax_code: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class EnergyTotals:
    """Energy of the month in Wh: of a member or of the whole configuration.

    `shared_wh` is what was shared as a consumer (settlement-rules 2.7; for the configuration Σ of the hours); `taken_wh` what
    the cascade gave to the plants (2.5), `incentivised_wh` the part of it that earns the premium (2.6).
    """

    injected_wh: int
    withdrawn_wh: int
    shared_wh: int
    incentivised_wh: int = 0
    taken_wh: int = 0
