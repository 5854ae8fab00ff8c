"""What is missing before a run: a sentence with a way out for each thing that is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.backoffice.templatetags.quantities import kwh, month_name, whole
from apps.communities.models import Configuration
from apps.settlement.models import SettlementRun
from apps.settlement.readiness import PodHours, Readiness, get_known_hours


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing: `stops` when a run would be set aside for it; `address` leads to where it is mended."""

    text: str
    advice: str
    stops: bool
    address: str = ""
    link: str = ""


def list_gaps(configuration: Configuration, readiness: Readiness, *, kind: str) -> list[Gap]:
    """Everything that a person should mend or know, what stops a run first."""
    gaps = [*_gaps_of_records(configuration, readiness), *_gaps_of_references(readiness), *_gaps_of_measures(readiness, kind)]
    if readiness.months_without_run:
        months = ", ".join(month_name(month) for month in readiness.months_without_run)
        gaps.append(
            Gap(
                _("Mesi precedenti dell’anno senza regolazione: %(months)s.") % {"months": months},
                _("L’importo eccedentario si calcola da gennaio: conviene regolare prima quei mesi."),
                stops=False,
            )
        )
    return sorted(gaps, key=lambda gap: not gap.stops)


def _gaps_of_records(configuration: Configuration, readiness: Readiness) -> list[Gap]:
    gaps = []
    if not readiness.measures.pods:
        gaps.append(
            Gap(
                _("Nessun punto di misura è valido nel mese."),
                _("Aggiungi i punti di misura alla configurazione."),
                stops=True,
                address=_find("admin:communities_meteringpoint_changelist"),
                link=_("Punti di misura"),
            )
        )
    if not readiness.has_distribution:
        gaps.append(
            Gap(
                _("Nessuna regola di riparto è in vigore per %(code)s.") % {"code": configuration.code},
                _("Registra la regola di riparto valida dall’inizio del mese."),
                stops=True,
                address=_find("admin:communities_distributionrule_changelist"),
                link=_("Regole di riparto"),
            )
        )
    for pod, energy_wh in readiness.without_plant:
        gaps.append(
            Gap(
                _("%(pod)s ha immesso %(energy)s, ma nessun impianto è registrato su quel POD.")
                % {"pod": pod, "energy": kwh(energy_wh)},
                _("Registra l’impianto, oppure correggi le misure."),
                stops=True,
                address=_find("admin:communities_plant_changelist"),
                link=_("Impianti"),
            )
        )
    return gaps


def _gaps_of_references(readiness: Readiness) -> list[Gap]:
    gaps = [
        Gap(
            _("Mancano i prezzi della zona %(zone)s per %(hours)s ore; la prima è il %(day)s alle %(hour)s.")
            % {"zone": gap.zone, "hours": whole(gap.hours), "day": f"{gap.first_at:%d/%m/%Y}", "hour": f"{gap.first_at:%H:%M}"},
            _("Importa il file dei prezzi zonali del mese."),
            stops=True,
            address=_find("admin:settlement_priceimport_changelist"),
            link=_("Importazioni di prezzi"),
        )
        for gap in readiness.price_gaps
    ]
    for key in readiness.unknown_parameters:
        gaps.append(
            Gap(
                _("Il parametro %(key)s non ha un valore in vigore nel mese.") % {"key": parameter_text(key)},
                _("Registralo con la sua fonte normativa e le date di validità."),
                stops=True,
                address=_find("admin:settlement_ruleparameter_changelist"),
                link=_("Parametri normativi"),
            )
        )
    return gaps


def _gaps_of_measures(readiness: Readiness, kind: str) -> list[Gap]:
    if not readiness.measures.missing_hours:
        return []
    silent = sum(not row.has_curves for row in readiness.measures.incomplete)
    count = len(readiness.measures.incomplete)
    text = ngettext(
        "Mancano %(hours)s ore di misura in %(pods)s POD", "Mancano %(hours)s ore di misura in %(pods)s POD", count
    ) % {"hours": whole(readiness.measures.missing_hours), "pods": count}
    text += ngettext(", %(silent)s senza alcuna curva.", ", %(silent)s senza alcuna curva.", silent) % {"silent": silent}
    suspect = readiness.measures.suspect_hours
    if suspect:
        text += " " + ngettext("%(hours)s ora è sospetta.", "%(hours)s ore sono sospette.", suspect) % {"hours": whole(suspect)}
    final = kind == SettlementRun.Kind.FINAL
    if final:
        advice = _("Una regolazione definitiva si ferma: importa le misure, oppure accetta qui sotto i POD uno per uno.")
    elif kind == SettlementRun.Kind.ADVANCE:
        advice = _("L’importo dell’acconto non dipende dalle misure, ma il riparto tra i soci sì: quelle ore contano come zero.")
    else:
        advice = _("Una regolazione provvisoria le conta come zero e lo dichiara. Importa le misure appena ci sono.")
    address = _find("admin:metering_measureimport_changelist")
    return [Gap(text, advice, stops=final, address=address, link=_("Importazioni di misure"))]


def parameter_text(key: str) -> str:
    """trase_eur_per_mwh -> TRASE; other keys are shown as they are recorded."""
    return {"trase_eur_per_mwh": "TRASE", "btau_eur_per_mwh": "BTAU"}.get(key, key)


def list_missing_of_stopped(run: SettlementRun) -> tuple[PodHours, ...]:
    """Which PODs a person may accept by name, for a final run that stopped."""
    if run.settled_as != SettlementRun.Kind.FINAL or run.is_open:
        return ()
    accepted = set(run.accepted_missing)
    return tuple(row for row in get_known_hours(run.configuration, run.month).incomplete if row.pod not in accepted)


def accepted_pods(run: SettlementRun, ticked: Sequence[str]) -> list[str]:
    """Of what was ticked, the PODs that do miss hours: nothing else is recorded under a person's name."""
    if not ticked:
        return []
    return sorted({row.pod for row in list_missing_of_stopped(run)} & set(ticked))


def _find(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
