"""The machine words of devices as people say them, and the colour that goes with each."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from apps.engine.inputs import Quality
from apps.metering.broker_status import BrokerState, Stage
from apps.metering.canary import Leg
from apps.metering.ingest.hearing import POISON, UNKNOWN_BROKER
from apps.metering.letter_operations import CURED
from apps.metering.models import Alert, DeviceState

PRESENCE_TONES: Mapping[str, str] = {
    DeviceState.Presence.ONLINE: "approved",
    DeviceState.Presence.OFFLINE: "failed",
    DeviceState.Presence.ASLEEP: "computed",
    DeviceState.Presence.BROKER_DOWN: "waiting",
    DeviceState.Presence.CLOCK_WRONG: "waiting",
    DeviceState.Presence.UNKNOWN: "",
}
BROKER_TONES: Mapping[str, str] = {
    BrokerState.CONNECTED: "approved",
    BrokerState.CONNECTING: "waiting",
    BrokerState.DISCONNECTED: "failed",
    BrokerState.REFUSED: "failed",
    BrokerState.BREAKER_OPEN: "failed",
    BrokerState.DISABLED: "",
    BrokerState.UNKNOWN: "",
}
STAGE_TONES: Mapping[str, str] = {Stage.STREAM: "", Stage.SPOOL: "warn", Stage.PAUSED: "warn", Stage.UNKNOWN: ""}
LEG_TONES: Mapping[str, str] = {Leg.OPEN: "main", Leg.UNUSED: "", Leg.UNKNOWN: "warn"}
LEG_WORDS: Mapping[str, Promise] = {
    Leg.OPEN: lazy("via libera"),
    Leg.UNUSED: lazy("non attiva"),
    Leg.SENDER: lazy("ferma: nessuno manda il messaggio di prova"),
    Leg.BROKER: lazy("interrotta: il broker non lo prende"),
    Leg.LISTENER: lazy("interrotta fra il broker e l'ascolto"),
    Leg.WORKERS: lazy("interrotta fra l'ascolto e la banca dati"),
    Leg.UNKNOWN: lazy("sconosciuta"),
}
ALERT_TONES: Mapping[str, str] = {
    Alert.Kind.OFFLINE: "failed",
    Alert.Kind.SUSPECT: "failed",
    Alert.Kind.CLOCK: "waiting",
    Alert.Kind.NO_DATA: "waiting",
}
REASONS: Mapping[str, Promise] = {
    "empty": lazy("messaggio vuoto"),
    "too_large": lazy("messaggio troppo grande"),
    "not_utf8": lazy("non è testo leggibile"),
    "too_deep": lazy("dati annidati troppo a fondo"),
    "malformed": lazy("dati malformati"),
    "duplicate_keys": lazy("campi ripetuti"),
    "wrong_type": lazy("un valore non è del tipo atteso"),
    "out_of_range": lazy("un valore impossibile"),
    "negative_register": lazy("registro negativo"),
    "identity_mismatch": lazy("il dispositivo dice di essere un altro"),
    "unknown_topic": lazy("argomento sconosciuto"),
    UNKNOWN_BROKER: lazy("il broker non esiste più"),
    POISON: lazy("fa cadere chi lo legge"),
    CURED: lazy("faceva cadere chi lo leggeva"),
}
EXPLANATIONS: Mapping[str, Promise] = {
    "empty": lazy(
        "Non contiene nulla. Spesso è un messaggio conservato che qualcuno ha cancellato dal broker: si può archiviare."
    ),
    "too_large": lazy("È molto più grande di quanto un contatore abbia da dire, perciò nessuno lo legge."),
    "not_utf8": lazy("Il contenuto non è testo: il dispositivo parla in un altro modo, o i dati si sono guastati per strada."),
    "too_deep": lazy("I dati stanno uno dentro l’altro più a fondo di quanto serva a una misura, perciò nessuno li apre."),
    "malformed": lazy("Il contenuto non è JSON come dovrebbe: spesso è un messaggio troncato."),
    "duplicate_keys": lazy("Lo stesso campo vi compare due volte, e non si sa quale dei due valga."),
    "wrong_type": lazy(
        "Si legge, ma qualcosa non ha la forma attesa, ad esempio un testo al posto di un numero. Succede quando il dispositivo "
        "cambia programma."
    ),
    "out_of_range": lazy("Un numero va oltre ciò che un contatore può contare."),
    "negative_register": lazy("Un registro che può solo salire è sotto lo zero: da lì non nasce energia."),
    "identity_mismatch": lazy(
        "Il contenuto dice di venire da un dispositivo diverso da quello dell’argomento. Vale l’argomento, e il messaggio non "
        "conta per nessuno: controlla come è impostato il dispositivo."
    ),
    "unknown_topic": lazy("Su questo argomento non parla nessun dispositivo che si conosca."),
    UNKNOWN_BROKER: lazy("Il broker da cui è arrivato non c’è più: aggiungilo di nuovo e riprova, o archivia il messaggio."),
    POISON: lazy(
        "Chi ha provato a leggerlo è caduto, perciò è stato messo da parte e gli altri messaggi non aspettano. Riprovare non fa "
        "danni: lo si legge a parte."
    ),
    CURED: lazy("Faceva cadere chi provava a leggerlo; poi è stato letto."),
}
"""What became of a message, for whoever looks at it; the reader's own words, which name the place, stand below."""
QUALITY_WORDS: Mapping[int, Promise] = {
    Quality.MEASURED: lazy("misurato"),
    Quality.ESTIMATED: lazy("stimato"),
    Quality.SUSPECT: lazy("sospetto"),
    Quality.MISSING: lazy("mancante"),
    Quality.OFFICIAL: lazy("ufficiale"),
    Quality.PART_OF_HOUR: lazy("parte dell’ora"),
}


def say_reason(reason: str) -> str:
    return str(REASONS.get(reason, reason))


def explain_reason(reason: str) -> str:
    return str(EXPLANATIONS.get(reason, ""))


def say_age(at: datetime | None, *, as_of: datetime) -> str:
    """How long ago, in the largest unit that says enough: "12 s fa", "5 min fa", "3 ore fa", "2 giorni fa"."""
    if at is None:
        return _("mai")
    age = max(as_of - at, timedelta())
    return _("%(span)s fa") % {"span": say_span(age)}


def say_span(span: timedelta) -> str:
    """A span of time: "12 s", "5 min", "3 ore", "2 giorni"."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds}\u00a0s"
    if seconds < 3600:
        return f"{seconds // 60}\u00a0min"
    if seconds < 86_400:
        hours = seconds // 3600
        return ngettext("%(count)s ora", "%(count)s ore", hours) % {"count": hours}
    days = seconds // 86_400
    return ngettext("%(count)s giorno", "%(count)s giorni", days) % {"count": days}
