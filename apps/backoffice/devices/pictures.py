"""Pictures of devices: how well the last hours are known, and a day in quarters, drawn by the press as inline SVG."""

from collections import Counter
from collections.abc import Mapping, Sequence

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.backoffice.devices.labels import QUALITY_WORDS
from apps.backoffice.templatetags.quantities import kwh, whole
from apps.engine.inputs import Quality
from apps.engine.quality import unknown_quarters
from apps.metering.device_day import RegisterDay
from apps.metering.models import RegisterSeries
from reports.charts import INJECTED, SHARED, TAKEN, WITHDRAWN, Series, Words
from reports.quarter_charts import NOT_YET, energy_of_quarters, power_of_quarters, quality_strip

WORST_FIRST = (Quality.SUSPECT, Quality.MISSING, Quality.ESTIMATED, Quality.MEASURED)
POWER_COLORS: Mapping[str, str] = {
    RegisterSeries.Counts.IMPORT: WITHDRAWN,
    RegisterSeries.Counts.EXPORT: INJECTED,
    RegisterSeries.Counts.PRODUCTION: SHARED,
}
MORE_COLORS = (TAKEN, SHARED, WITHDRAWN, INJECTED)
CLASSES = (Quality.MEASURED, Quality.ESTIMATED, Quality.SUSPECT, Quality.MISSING)


def say_quality(quality: Sequence[int]) -> str:
    """The quarters that are not simply measured, in words: "18 misurati, 4 stimati, 2 mancanti"."""
    if not quality:
        return ""
    counts = Counter(quality)
    if counts[Quality.MEASURED] == len(quality):
        return _("tutti misurati")
    if counts[Quality.MISSING] == len(quality):
        return _("tutti mancanti")
    words = {
        Quality.MEASURED: _("%(count)s misurati"),
        Quality.ESTIMATED: _("%(count)s stimati"),
        Quality.SUSPECT: _("%(count)s sospetti"),
        Quality.MISSING: _("%(count)s mancanti"),
    }
    return ", ".join(words[one] % {"count": counts[one]} for one in CLASSES if counts[one])


def strip_of_quality(quality: Sequence[int]) -> SafeString:
    """One cell per quarter, oldest on the left; empty for nothing."""
    if not quality:
        return SafeString("")
    title = _("Qualità degli ultimi %(count)s quarti d’ora: %(words)s") % {"count": len(quality), "words": say_quality(quality)}
    return inline(quality_strip([class_of(one) for one in quality], title=title))


def picture_of_power(
    registers: Sequence[tuple[str, RegisterDay]], labels: Sequence[str], ended: int, *, title: str
) -> SafeString:
    """The mean power of every quarter that has ended, a line for each register of one meter."""
    lines = []
    for place, (name, one) in enumerate(registers):
        unknown = unknown_quarters(one.quality)
        known = [None if unknown[slot] or slot >= ended else int(power) for slot, power in enumerate(one.power_w)]
        lines.append(Series(name, known, POWER_COLORS.get(one.channel, MORE_COLORS[place % len(MORE_COLORS)]), shape="line"))
    most = max((value for line in lines for value in line.values if value is not None), default=0)
    words = Words(
        title=_("Potenza media di ogni quarto d’ora, %(title)s") % {"title": title},
        description=_("La più alta è di %(power)s W.") % {"power": whole(round(most))},
        unit="kW",
        axis=_("ora del giorno"),
    )
    return inline(power_of_quarters(lines, labels, words))


def picture_of_energy(name: str, register: RegisterDay, labels: Sequence[str], ended: int, *, title: str) -> SafeString:
    """The energy of every quarter, coloured by how well it is known."""
    classes = [class_of(int(one)) if slot < ended else NOT_YET for slot, one in enumerate(register.quality)]
    words = Words(
        title=_("Energia %(name)s di ogni quarto d’ora, %(title)s") % {"name": name, "title": title},
        description=_("In tutto %(energy)s; quarti d’ora: %(words)s.")
        % {"energy": kwh(int(register.values_wh.sum())), "words": say_quality(register.quality[:ended].tolist())},
        axis=_("ora del giorno"),
    )
    return inline(energy_of_quarters(register.values_wh.tolist(), classes, labels, quality_words(), words))


def class_of(quality: int) -> int:
    """Which of the four colours a quality has."""
    known = {Quality.OFFICIAL: Quality.MEASURED, Quality.PART_OF_HOUR: Quality.MEASURED}
    one = Quality(quality)
    return CLASSES.index(known.get(one, one))


def quality_words() -> tuple[str, ...]:
    return tuple(str(QUALITY_WORDS[one]) for one in CLASSES)


def inline(svg: str) -> SafeString:
    """The press escapes every text of a chart and writes neither scripts nor styles into it."""
    return mark_safe(svg)  # noqa: S308  # nosec B308 B703
