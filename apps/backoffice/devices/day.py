"""A day of a device: power and energy of every register by the quarter of an hour, how well it is known, what happened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.devices.access import list_visible_assignments, may_run_devices
from apps.backoffice.devices.labels import QUALITY_WORDS
from apps.backoffice.devices.pictures import picture_of_energy, picture_of_power, say_quality
from apps.backoffice.templatetags.quantities import kwh, kwh_number
from apps.engine.calendar import day_starts_at
from apps.engine.inputs import Quality
from apps.engine.intervals import Note, NoteKind
from apps.engine.telemetry.messages import EPOCH, MICROSECOND
from apps.metering.device_day import DeviceDay, RegisterDay, get_device_day
from apps.metering.ingest.moments import moment
from apps.metering.models import Device, RegisterSeries
from apps.metering.partitions import readings_kept_from

QUARTER = timedelta(minutes=15)
ONE_DAY = timedelta(days=1)
NOTE_WORDS: Mapping[NoteKind, Promise] = {
    NoteKind.STAMP: lazy("lettura con un orario impossibile, messa da parte"),
    NoteKind.REGISTER: lazy("registro impossibile, messo da parte"),
    NoteKind.CONFLICT: lazy("due valori nello stesso istante, uno messo da parte"),
    NoteKind.GLITCH: lazy("caduta di pochi secondi, messa da parte"),
    NoteKind.OUTLIER: lazy("lettura isolata impossibile, messa da parte"),
    NoteKind.RESET: lazy("registro azzerato o contatore sostituito: l’energia in mezzo non si conosce"),
    NoteKind.UNIT_CHANGE: lazy("il registro è cambiato di mille volte: l’unità è in dubbio finché non torna"),
    NoteKind.DOUBT: lazy("energia contata con l’unità in dubbio, messa da parte"),
    NoteKind.JUMP: lazy("salto oltre la potenza della connessione, messo da parte"),
    NoteKind.GAP: lazy("più di 30 minuti senza letture, energia stimata"),
    NoteKind.LONG_GAP: lazy("più di 24 ore senza letture: i quarti d’ora mancano, l’energia resta qui"),
    NoteKind.IMPOSSIBLE: lazy("quarto d’ora oltre la potenza della connessione, messo da parte"),
}
SHOWN_FIRST: list[str] = [RegisterSeries.Counts.IMPORT, RegisterSeries.Counts.EXPORT, RegisterSeries.Counts.PRODUCTION]
GRAVE = {NoteKind.JUMP, NoteKind.IMPOSSIBLE, NoteKind.UNIT_CHANGE, NoteKind.DOUBT}


class DayForm(forms.Form):
    """Which day."""

    day = forms.DateField(label=lazy("Giorno"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


@dataclass(frozen=True, slots=True)
class SeenRegister:
    """A register's day as the page shows it."""

    name: str
    energy: str
    quality: str
    picture: SafeString
    notes: list["SeenNote"]


@dataclass(frozen=True, slots=True)
class SeenNote:
    when: str
    words: str
    energy: str
    is_grave: bool


@dataclass(frozen=True, slots=True)
class Component:
    """The registers of one meter inside the device, and their power in one picture."""

    name: str
    power: SafeString
    registers: list[SeenRegister]


@dataclass(frozen=True, slots=True)
class QuarterRow:
    """A line of the table: when, and (kWh, quality in words, unknown?) of every register."""

    at: datetime
    cells: list[tuple[str, str, bool]]


def see_day(request: HttpRequest, device: Device, *, as_of: datetime) -> dict[str, Any]:
    """The day asked for, today by default, cut to what this person may see; `day` is None where that is nothing."""
    today = timezone.localdate(as_of)
    form = DayForm({"day": request.GET.get("day") or today.isoformat()}, label_suffix="")
    asked: date = form.cleaned_data["day"] if form.is_valid() else today
    earliest = timezone.localdate(readings_kept_from(as_of))
    chosen = max(min(asked, today), earliest)
    if not device.series.exists():
        return {"day": None}
    found = get_device_day(device.pk, chosen)
    registers = sorted(
        _cut(request, device, found.registers, chosen, as_of),
        key=lambda one: (one.component, SHOWN_FIRST.index(one.channel)),
    )
    ended = min(len(found.registers[0].quality), max(0, (as_of - found.starts_at) // QUARTER)) if found.registers else 0
    form = DayForm(initial={"day": chosen}, label_suffix="")
    form.fields["day"].widget.attrs |= {"max": today.isoformat(), "min": earliest.isoformat()}
    return {
        "day": chosen,
        "day_form": form,
        "day_before": chosen - ONE_DAY if chosen > earliest else None,
        "day_after": chosen + ONE_DAY if chosen < today else None,
        "day_power_w": found.connection_power_w,
        "components": [_see(name, list(several), found, ended) for name, several in groupby(registers, key=_component)],
        "columns": [_name(one, with_component=True) for one in registers],
        "quarters": _rows(registers, found, ended) if ended else [],
    }


def _cut(request: HttpRequest, device: Device, registers: Iterable[RegisterDay], day: date, as_of: datetime) -> list[RegisterDay]:
    """What of a day a person may see: administrators whole days in which a register measured a POD of theirs, and of what began
    earlier nothing: it may tell of somebody else's time."""
    if may_run_devices(request.user):
        return list(registers)
    theirs = list_visible_assignments(request.user, as_of=as_of).filter(device=device, starts_at__lte=day_starts_at(day))
    since: dict[str, int] = {}
    for component, starts_at in theirs.values_list("component", "starts_at"):
        starts_us = (starts_at - EPOCH) // MICROSECOND
        since[component] = min(since.get(component, starts_us), starts_us)
    cut = []
    for one in registers:
        starts = [since[component] for component in ("", one.component) if component in since]
        if starts:
            cut.append(replace(one, notes=tuple(note for note in one.notes if note.from_us >= min(starts))))
    return cut


def _see(name: str, registers: list[RegisterDay], found: DeviceDay, ended: int) -> Component:
    title = f"{name}, {found.day:%d/%m/%Y}" if name else f"{found.day:%d/%m/%Y}"
    labels = hour_labels(found)
    return Component(
        name=name,
        power=picture_of_power([(_name(one), one) for one in registers], labels, ended, title=title),
        registers=[
            SeenRegister(
                name=_name(one),
                energy=kwh(int(one.values_wh.sum())),
                quality=say_quality(one.quality[:ended].tolist()),
                picture=picture_of_energy(_name(one), one, labels, ended, title=title),
                notes=[_told(note, found.day) for note in one.notes],
            )
            for one in registers
        ],
    )


def hour_labels(found: DeviceDay) -> list[str]:
    """A text per quarter: the local hour where a multiple of three begins."""
    count = len(found.registers[0].quality) if found.registers else 0
    starts = [timezone.localtime(found.starts_at + place * QUARTER) for place in range(count)]
    return [str(at.hour) if at.minute == 0 and at.hour % 3 == 0 else "" for at in starts]


def _rows(registers: list[RegisterDay], found: DeviceDay, ended: int) -> list[QuarterRow]:
    return [
        QuarterRow(
            timezone.localtime(found.starts_at + place * QUARTER),
            [_cell(int(one.values_wh[place]), int(one.quality[place])) for one in registers],
        )
        for place in range(ended)
    ]


def _cell(wh: int, quality: int) -> tuple[str, str, bool]:
    unknown = quality in (Quality.MISSING, Quality.SUSPECT)
    return ("–" if unknown else kwh_number(wh), str(QUALITY_WORDS[quality]), unknown)


def _told(note: Note, day: date) -> SeenNote:
    starts_at, ends_at = (timezone.localtime(moment(at_us)) for at_us in (note.from_us, note.to_us))
    when = _clock(starts_at, day) if note.from_us == note.to_us else f"{_clock(starts_at, day)} – {_clock(ends_at, day)}"
    energy = "" if note.energy_wh is None else kwh(note.energy_wh)
    if not energy and note.register_milliwh is not None:
        energy = kwh(note.register_milliwh // 1000)
    return SeenNote(when, str(NOTE_WORDS[note.kind]), energy, note.kind in GRAVE)


def _clock(at: datetime, day: date) -> str:
    return f"{at:%H:%M:%S}" if at.date() == day else f"{at:%d/%m/%Y %H:%M:%S}"


def _component(register: RegisterDay) -> str:
    return register.component


def _name(register: RegisterDay, *, with_component: bool = False) -> str:
    word = str(RegisterSeries.Counts(register.channel).label)
    return f"{register.component[:40]} {word}" if with_component and register.component else word
