"""The rules as an explanation quotes them: a sentence, the page of the law; and the dated values of the law as the run used them.

Pages are those printed in the Regole operative of GSE, edition 2024.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.engine.inputs import RuleParameters
from apps.explaining.numbers import NBSP, percent, short
from apps.settlement.models import RuleParameter
from apps.settlement.parameters import parameters_from_values


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in plain words and where it is written."""

    name: Any
    words: Any
    source: Any


RO = "Regole operative GSE 2024"
RULES = {
    "shared": Rule(
        lazy("Energia condivisa"),
        lazy("In ogni ora è la più piccola fra l’energia immessa e quella prelevata da tutta la configurazione."),
        f"{RO}, p. 38, 143-144",
    ),
    "cascade": Rule(
        lazy("Ordine degli impianti"),
        lazy("Gli impianti servono i prelievi dal più anziano: ciascuno dà ciò che immette, finché c’è prelievo da servire."),
        f"{RO}, p. 143",
    ),
    "consumers": Rule(
        lazy("Energia condivisa di ciascuno"),
        lazy(
            "In ogni ora l’energia condivisa si divide fra i punti in proporzione a quanto prelevano, in Wh interi: "
            "i Wh che restano vanno ai resti più grandi, e l’ora quadra sempre."
        ),
        lazy("criterio di ripartizione delle regole di calcolo (2.7); energia oraria: Regole operative GSE 2024, p. 143-144"),
    ),
    "premium": Rule(
        lazy("Tariffa premio"),
        lazy(
            "Energia incentivata di ogni ora per la tariffa di quell’ora: base più quanto manca al prezzo di riferimento, "
            "entro il tetto, più la correzione della regione. Si arrotonda al centesimo una volta al mese per impianto."
        ),
        f"DM 7 dicembre 2023 n. 414, all. 1; {RO}, p. 38-39, 148-149",
    ),
    "valorisation": Rule(
        lazy("Corrispettivo di valorizzazione"),
        lazy("Energia condivisa del mese per la tariffa TRASE dell’anno; si arrotonda al centesimo una volta al mese."),
        f"{RO}, p. 41-42",
    ),
    "valorisation_group": Rule(
        lazy("Corrispettivo di valorizzazione"),
        lazy(
            "Per un gruppo nello stesso edificio: TRASE per l’energia condivisa, più BTAU per quella condivisa nell’edificio, "
            "più le perdite di rete evitate al prezzo zonale. Si arrotonda al centesimo una volta al mese."
        ),
        f"{RO}, p. 41-42, 144",
    ),
    "excess": Rule(
        lazy("Importo eccedentario"),
        lazy(
            "La parte della tariffa premio oltre la soglia di energia condivisa, da gennaio: punti percentuali oltre la soglia "
            "per il premio. Va a chi non è impresa e a fini sociali. Ogni mese registra la variazione dell’anno."
        ),
        f"{RO}, p. 39, 149",
    ),
    "split": Rule(
        lazy("Riparto della comunità"),
        lazy(
            "Prima le trattenute, ciascuna come percentuale dell’intero importo; del resto una percentuale ai produttori "
            "e il resto ai consumatori; dentro ogni parte, secondo la chiave scelta dalla comunità."
        ),
        lazy("regola di riparto della comunità; conti separati per contributo: Regole operative GSE 2024, p. 39"),
    ),
    "cents": Rule(
        lazy("Centesimi interi"),
        lazy(
            "Ognuno ha i centesimi interi della sua quota; quelli che restano vanno ai resti più grandi, "
            "a parità al codice più basso."
        ),
        lazy("regole di calcolo (7)"),
    ),
    "missing": Rule(
        lazy("Misure che mancano"),
        lazy(
            "Ignoto non è zero: un’ora con un quarto d’ora mancante o sospetto è contata sul calcolo e, se provvisorio, vale 0."
        ),
        lazy("regole di calcolo (2.9)"),
    ),
}

NAMES = {
    "trase_eur_per_mwh": "TRASE",
    "btau_eur_per_mwh": "BTAU",
    "tariff_classes": lazy("base e tetto della tariffa, per potenza"),
    "price_reference_eur_per_mwh": lazy("prezzo di riferimento"),
    "regional_correction_eur_per_mwh": lazy("correzione per regione"),
    "excess_threshold_without_grant": lazy("soglia senza contributo in conto capitale"),
    "excess_threshold_with_grant": lazy("soglia con contributo in conto capitale"),
    "grant_reduction_at_limit": lazy("riduzione per contributo in conto capitale"),
    "avoided_losses_by_voltage": lazy("perdite evitate, per tensione"),
    "enterprise_kinds": lazy("chi è impresa"),
}
PREMIUM_KEYS = ("tariff_classes", "price_reference_eur_per_mwh", "regional_correction_eur_per_mwh")


@dataclass(frozen=True, slots=True)
class UsedParameter:
    """A dated value as the run used it, with its source; `changed` when another value is recorded for that day by now."""

    name: str
    value: str
    legal_source: str
    valid_from: date | None
    valid_to: date | None
    changed: bool


def list_used_parameters(used: RuleParameters, *, on: date, keys: Sequence[str]) -> list[UsedParameter]:
    """The frozen values with the sources recorded for them. One query."""
    in_force = Q(valid_from__lte=on) & (Q(valid_to__isnull=True) | Q(valid_to__gt=on))
    rows = {row.key: row for row in RuleParameter.objects.filter(in_force)}
    try:
        today = parameters_from_values({key: row.value for key, row in rows.items()})
    except KeyError:  # a value was withdrawn since
        today = None
    told = []
    for key in keys:
        value, row = getattr(used, key), rows.get(key)
        if value is None:
            continue
        same = row is not None and today is not None and getattr(today, key) == value
        told.append(
            UsedParameter(
                name=str(NAMES[key]),
                value=_value_text(key, value),
                legal_source=row.legal_source if row and same else "",
                valid_from=row.valid_from if row and same else None,
                valid_to=row.valid_to if row and same else None,
                changed=not same,
            )
        )
    return told


def _value_text(key: str, value: Any) -> str:
    if key == "tariff_classes":
        return "; ".join(
            _("fino a %(power)s kW: base %(base)s, tetto %(cap)s €/MWh")
            % {"power": short(row.max_power_kw), "base": short(row.base_eur_per_mwh), "cap": short(row.cap_eur_per_mwh)}
            for row in value
        )
    if key == "regional_correction_eur_per_mwh":
        by_amount: dict[Decimal, list[str]] = {}
        for region, amount in value:
            by_amount.setdefault(amount, []).append(region)
        return "; ".join(f"+{short(amount)} €/MWh {', '.join(regions)}" for amount, regions in by_amount.items())
    if key == "avoided_losses_by_voltage":
        return ", ".join(f"{voltage} {percent(share)}" for voltage, share in value)
    if key == "enterprise_kinds":
        kinds = {"sme": _("piccola o media impresa"), "large_enterprise": _("grande impresa")}
        return ", ".join(str(kinds.get(kind, kind)) for kind in value)
    if key.startswith(("excess_threshold", "grant_")):
        return percent(value)
    return f"{short(value, 2 if value % 1 else 0)}{NBSP}€/MWh"
