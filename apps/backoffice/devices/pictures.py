"""Pictures of devices: how well the last hours are known, and a day in quarters, drawn by the press as inline SVG."""

from collections import Counter
from collections.abc import Sequence

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.backoffice.devices.labels import QUALITY_WORDS
from apps.engine.inputs import Quality
from reports.quarter_charts import QUALITY_COLORS, quality_strip

WORST_FIRST = (Quality.SUSPECT, Quality.MISSING, Quality.ESTIMATED, Quality.MEASURED)
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


__all__ = ["CLASSES", "QUALITY_COLORS", "class_of", "inline", "quality_words", "say_quality", "strip_of_quality"]
