"""What all forms of records share: the checks of the import, and sentences for what the database would refuse."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.communities.community_file import scalars

# The name of a constraint says nothing to a person; this does.
CONSTRAINT_TEXTS: Mapping[str, Promise] = {
    "configuration_ends_after_start": _("La fine deve essere successiva all’inizio."),
    "membership_ends_after_start": _("L’uscita deve essere successiva all’entrata."),
    "point_ends_after_start": _("La fine della validità deve essere successiva all’inizio."),
    "point_in_one_configuration_at_a_time": _(
        "Questo POD è già valido in tutto o in parte del periodo: un POD può avere un solo titolare e una sola configurazione "
        "alla volta. Chiudi prima la validità precedente."
    ),
    "plant_power_positive": _("La potenza deve essere maggiore di zero."),
    "plant_grant_between_0_and_1": _("L’intensità del contributo è una quota fra 0 e 1 (40 % si scrive 0,4)."),
    "plant_obligation_within_power": _("La potenza d’obbligo non può superare la potenza dell’impianto."),
    "parameter_ends_after_start": _("La fine della validità deve essere successiva all’inizio."),
    "parameters_do_not_overlap": _("Un valore dello stesso parametro è già in vigore in tutto o in parte del periodo."),
    "role_one_per_community": _("La persona ha già un ruolo in questa comunità."),
}


class RecordForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose fields in `checks` are held to the same grammar as the files."""

    checks: Mapping[str, Callable[[str], str]] = {}

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        for name, check in self.checks.items():
            if self.cleaned_data.get(name):
                try:
                    self.cleaned_data[name] = check(self.cleaned_data[name])
                except ValueError as error:
                    self.add_error(name, str(error))

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        found = self.errors.get(NON_FIELD_ERRORS)
        if found:
            found.data = [_told(error) for error in found.as_data()]


def _told(error: ValidationError) -> ValidationError:
    for name, text in CONSTRAINT_TEXTS.items():
        if name in str(error.message):
            return ValidationError(str(text), code=name)
    return error


def line(**options: Any) -> forms.CharField:
    """One line of text: encrypted columns are long in the database and short for people."""
    return forms.CharField(required=False, widget=forms.TextInput(attrs={"class": "vTextField"}), **options)


def masked(text: str) -> str:
    """What a list may show of something personal."""
    return scalars.mask(text) if text else "–"
