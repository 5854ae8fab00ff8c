"""A distribution rule as a form: percentages, keys and lines of names instead of JSON, checked like the file."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.backoffice.records.forms import RecordForm
from apps.backoffice.records.history import list_approved_months
from apps.communities.community_file.distribution_table import read_table
from apps.communities.community_file.json_tree import JsonObject
from apps.communities.community_file.problems import Problems
from apps.communities.errors import RuleRefused
from apps.communities.models import DistributionRule, Member
from apps.communities.operations_rules import begin_rule, correct_rule

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

PRODUCERS: "list[tuple[str, str | _StrPromise]]" = [
    ("injected", _("energia immessa")),
    ("incentivised", _("energia incentivata")),
    ("equal", _("parti uguali")),
    ("fixed", _("quote fisse")),
]
CONSUMERS: "list[tuple[str, str | _StrPromise]]" = [
    ("coincident", _("energia condivisa attribuita")),
    ("withdrawn", _("energia prelevata")),
    ("equal", _("parti uguali")),
    ("fixed", _("quote fisse")),
]
# The parts of the table, and in which order their fields stand.
PARTS: Mapping[str, tuple[str, ...]] = {
    "premium": ("deductions", "producers_percent", "producers_key", "consumers_key", "fixed"),
    "valorisation": ("deductions", "producers_percent", "producers_key", "consumers_key", "fixed"),
    "excess": ("social_fund_percent", "consumers_key", "fixed"),
}
PART_NAMES: "Mapping[str, _StrPromise]" = {
    "premium": _("Tariffa premio"),
    "valorisation": _("Valorizzazione"),
    "excess": _("Importo eccedentario"),
}


_DEDUCTIONS = _("Una per riga: conto e percentuale, per esempio «management 10».")
_FIXED = _("Solo con la chiave «quote fisse». Una per riga: codice del socio e quota, per esempio «M00001 0,25»; sommano a 1.")


def _lines(label: "_StrPromise", help_text: "_StrPromise") -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, required=False, widget=forms.Textarea(attrs={"rows": 2, "cols": 40}))


def _percent(label: "_StrPromise", *, required: bool = True) -> forms.CharField:
    return forms.CharField(label=label, required=required, max_length=20, widget=forms.TextInput(attrs={"size": 8}))


def _key(label: "_StrPromise", choices: "list[tuple[str, str | _StrPromise]]", *, required: bool = True) -> forms.ChoiceField:
    empty: list[tuple[str, str | _StrPromise]] = [] if required else [("", "---------")]
    return forms.ChoiceField(label=label, required=required, choices=[*empty, *choices])


def field_names(part: str) -> list[str]:
    return [f"{part}_{name}" for name in PARTS[part]]


class RuleForm(RecordForm):
    """One rule of a configuration. What an approved run used is shown and cannot be changed."""

    premium_deductions = _lines(_("Trattenute"), _DEDUCTIONS)
    premium_producers_percent = _percent(_("Ai produttori (%)"))
    premium_producers_key = _key(_("Fra i produttori per"), PRODUCERS)
    premium_consumers_key = _key(_("Fra i consumatori per"), CONSUMERS)
    premium_fixed = _lines(_("Quote fisse"), _FIXED)
    valorisation_deductions = _lines(_("Trattenute"), _DEDUCTIONS)
    valorisation_producers_percent = _percent(_("Ai produttori (%)"))
    valorisation_producers_key = _key(_("Fra i produttori per"), PRODUCERS)
    valorisation_consumers_key = _key(_("Fra i consumatori per"), CONSUMERS)
    valorisation_fixed = _lines(_("Quote fisse"), _FIXED)
    excess_social_fund_percent = _percent(_("Al fondo sociale (%)"), required=False)
    excess_consumers_key = _key(_("Fra i consumatori per"), CONSUMERS, required=False)
    excess_fixed = _lines(_("Quote fisse"), _FIXED)

    class Meta:
        model = DistributionRule
        fields = ("valid_from",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["valid_from"].disabled = True
            self.fields["valid_from"].widget = forms.DateInput()
            self.initial.update(_to_fields(self.instance.table))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        problems = Problems()
        table, members = read_table(_to_tree(cleaned), "", problems)
        codes = Member.objects.filter(community=self.instance.configuration.community_id).values_list("code", flat=True)
        for path, code in members:
            if code not in set(codes):
                problems.add(path, say("%(code)s non è un socio di questa comunità.") % {"code": code})
        for problem in problems.found:
            self._blame(problem.path, problem.reason)
        cleaned["table"] = table
        if not self.errors and (reason := refusal_of(self.write)):
            self.add_error(None, reason)
        return cleaned

    def _blame(self, path: str, reason: str) -> None:
        """A fault of the table at the field that shows it: `premium.fixed.M1` stands in `premium_fixed`."""
        part, _dot, rest = path.partition(".")
        name = rest.split(".")[0].split("[")[0]
        field = f"{part}_{name}" if f"{part}_{name}" in self.fields else f"{part}_consumers_key"
        if field in self.fields and field not in self.errors:
            self.add_error(field, reason)

    def write(self) -> DistributionRule:
        """Correct the rule or begin it. Errors: `RuleRefused`."""
        rule: DistributionRule = self.instance
        approved = list_approved_months(rule.configuration)
        if rule.pk:
            correct_rule(rule=rule, table=self.cleaned_data["table"], approved_months=approved)
            return rule
        return begin_rule(
            configuration=rule.configuration,
            valid_from=self.cleaned_data["valid_from"],
            table=self.cleaned_data["table"],
            approved_months=approved,
        )


def _to_tree(cleaned: Mapping[str, Any]) -> JsonObject:
    """What the form says, in the form of the file; an empty excess is an absent one."""
    tree = JsonObject()
    for part, names in PARTS.items():
        given = {name: str(cleaned.get(f"{part}_{name}") or "") for name in names}
        if part == "excess" and not any(given.values()):
            continue
        found = JsonObject()
        for name, text in given.items():
            if name == "deductions":
                rows = [JsonObject(account=account, percent=number) for account, number in _pairs(text)]
                found[name] = rows
            elif name == "fixed":
                if text.strip():
                    found[name] = JsonObject(_pairs(text))
            else:
                found[name] = text.strip().replace(",", ".")
        tree[part] = found
    return tree


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Lines of a name and a number; the number is the last word, with a point or a comma."""
    for line in text.splitlines():
        if line.strip():
            name, _blank, number = line.strip().rpartition(" ")
            yield name.strip(), number.replace(",", ".").removesuffix("%")


def _to_fields(table: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for part, content in table.items():
        for name, value in content.items():
            if name == "deductions":
                value = "\n".join(f"{row['account']} {row['percent']}" for row in value)
            elif name == "fixed":
                value = "\n".join(f"{code} {share}" for code, share in value.items())
            found[f"{part}_{name}"] = value
    return found


def refusal_of(write: Callable[[], object]) -> str:
    """Why the records would refuse a write, empty when they would not. Nothing stays written."""
    try:
        with transaction.atomic():
            write()
            transaction.set_rollback(True)
    except RuleRefused as refusal:
        return str(refusal)
    return ""


def describe_table(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A rule in words: (contribution, sentence)."""
    names = dict([*PRODUCERS, *CONSUMERS])
    found = []
    for part, part_name in PART_NAMES.items():
        if part not in table:
            continue
        content, said = table[part], []
        for row in content.get("deductions", ()):
            said.append(say("%(percent)s %% al conto %(account)s") % row)
        if part == "excess":
            said.append(say("%(percent)s %% al fondo sociale") % {"percent": content["social_fund_percent"]})
        else:
            values = {"percent": content["producers_percent"], "key": names[content["producers_key"]]}
            said.append(say("%(percent)s %% del resto ai produttori, per %(key)s") % values)
        said.append(say("il resto ai consumatori, per %(key)s") % {"key": names[content["consumers_key"]]})
        if shares := content.get("fixed"):
            said.append(say("quote fisse: %(shares)s") % {"shares": ", ".join(f"{code} {shares[code]}" for code in shares)})
        found.append((str(part_name), "; ".join(said)))
    return found
