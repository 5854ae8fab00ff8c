"""Files of GSE and of the bank: choose, say what the columns mean, look at what would happen, confirm."""

import json
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.accounts.models import User
from apps.backoffice.access import list_managed_communities, only, person
from apps.backoffice.gse.access import gse_crumb, number_of
from apps.backoffice.gse.mapping_form import columns_of, fields_of, mapping_from_post, words_of
from apps.backoffice.pages import show_page
from apps.backoffice.records.held_file import HeldFile, TokenRefused, digest, forget_file, hold_file, take_file
from apps.backoffice.records.import_forms import FileForm
from apps.communities.models import Community, Configuration, Plant
from apps.settlement.gse.errors import FileRefused, MappingRefused
from apps.settlement.gse.guessing import guess_mapping
from apps.settlement.gse.mapping import FileMapping, mapping_from_json
from apps.settlement.gse.operations import import_file as store_file
from apps.settlement.gse.operations import save_mapping
from apps.settlement.gse.planning import Plan, plan_import
from apps.settlement.gse.table_file import Table, header_of, read_table
from apps.settlement.models import GseItem, GseKind, GseMapping, GseTarget

TEMPLATE = "backoffice/gse/import.html"
ROWS_SHOWN = 6
MOST_SHOWN = 200
LONGEST_MAPPING = 100_000
REFUSED = 422


class GseFileForm(FileForm):
    """A file, what it tells, and whose it is."""

    community: "forms.ModelChoiceField[Community]" = forms.ModelChoiceField(
        Community.objects.none(), label=lazy("Comunità"), empty_label=None
    )
    target = forms.ChoiceField(label=lazy("Che cosa contiene"), choices=GseTarget.choices)
    field_order = ("community", "target", "file")

    def __init__(self, *args: Any, user: User) -> None:
        super().__init__(*args)
        self.label_suffix = ""
        self.fields["file"].widget.attrs["accept"] = ".csv,.xlsx,.txt"
        self.fields["community"].queryset = list_managed_communities(user).order_by("code")  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Desk:
    """A file that lies in front of a person: whose, what it tells, its table."""

    user: User
    community: Community
    target: str
    held: HeldFile
    table: Table

    @property
    def kind(self) -> str:
        return f"gse:{self.community.pk}:{self.target}"


@only("GET", "HEAD", "POST")
def import_file(request: HttpRequest) -> HttpResponse:
    """GET: the choice of a file. POST: a file; then the mapping; then, with `confirm`, the import that was on the screen."""
    user = person(request)
    if not list_managed_communities(user).exists():
        raise PermissionDenied(_("Solo un amministratore della comunità può importare."))
    if request.method != "POST":
        return _show(request, form=GseFileForm(user=user))
    if "token" not in request.POST:
        return _take(request, user)
    try:
        desk = _desk(request, user)
    except TokenRefused:
        messages.error(request, _("L’anteprima è scaduta. Scegli di nuovo il file."))
        return redirect("admin:settlement_gsepublication_import")
    except FileRefused as refusal:
        return _show(request, form=GseFileForm(user=user), refusal=str(refusal), status=REFUSED)
    try:
        if "confirm" in request.POST:
            return _confirm(request, desk)
        said = _chosen(request, desk)
        if "save" in request.POST:
            saved = save_mapping(
                community=desk.community, name=request.POST.get("name", ""), mapping=said, saved_by=user, as_of=timezone.now()
            )
            messages.success(request, _("La corrispondenza «%(name)s» è salvata.") % {"name": saved.name})
        return _preview(request, desk, said)
    except MappingRefused as refusal:
        return _ask(request, desk, _as_posted(request, desk), refusal=str(refusal), status=REFUSED)


def _take(request: HttpRequest, user: User) -> HttpResponse:
    form = GseFileForm(request.POST, request.FILES, user=user)
    if not form.is_valid():
        return _show(request, form=form, status=400)
    upload = form.cleaned_data["file"]
    try:
        table = read_table(upload.read())
    except FileRefused as refusal:
        return _show(request, form=GseFileForm(user=user), file_name=upload.name, refusal=str(refusal), status=REFUSED)
    upload.seek(0)
    held = HeldFile(name=upload.name, content=upload.read(), shown_sha256="")
    desk = Desk(user, form.cleaned_data["community"], form.cleaned_data["target"], held, table)
    return _ask(request, desk, guess_mapping(community=desk.community, target=desk.target, table=table))


def _desk(request: HttpRequest, user: User) -> Desk:
    """The held file of a token, in a community that this person still administers. Errors: `TokenRefused`, `FileRefused`."""
    target = request.POST.get("target", "")
    community = list_managed_communities(user).filter(pk=number_of(request.POST.get("community", ""))).first()
    if community is None or target not in GseTarget.values:
        raise Http404
    held = take_file(user=user, kind=f"gse:{community.pk}:{target}", token=request.POST["token"])
    return Desk(user, community, target, held, read_table(held.content, sheet=request.POST.get("sheet", "")))


def _chosen(request: HttpRequest, desk: Desk) -> FileMapping:
    """A saved mapping, if one was chosen, else what the form says. Errors: `MappingRefused`."""
    if "use" in request.POST:
        saved = GseMapping.objects.filter(
            community=desk.community, target=desk.target, pk=number_of(request.POST.get("saved", ""))
        )
        found = saved.first()
        if found is None:
            raise MappingRefused(_("The mapping cannot be read. Choose the columns again."))
        return mapping_from_json(found.mapping)
    return _posted(request, desk)


def _posted(request: HttpRequest, desk: Desk) -> FileMapping:
    if "confirm" in request.POST:
        try:
            return mapping_from_json(json.loads(request.POST.get("mapping", "")[:LONGEST_MAPPING]))
        except ValueError as error:
            raise MappingRefused(_("The mapping cannot be read. Choose the columns again.")) from error
    return mapping_from_post(request.POST, desk.target, desk.table)


def _as_posted(request: HttpRequest, desk: Desk) -> FileMapping:
    """What to show after a refusal: what was posted, or a fresh guess if that cannot even be read."""
    try:
        return _posted(request, desk)
    except MappingRefused:
        return guess_mapping(community=desk.community, target=desk.target, table=desk.table)


def _preview(request: HttpRequest, desk: Desk, said: FileMapping, status: int = 200) -> HttpResponse:
    table = desk.table if desk.table.sheet == said.sheet else read_table(desk.held.content, sheet=said.sheet)
    desk = Desk(desk.user, desk.community, desk.target, desk.held, table)
    plan = plan_import(community=desk.community, content=desk.held.content, mapping=said, today=timezone.localdate())
    return _ask(request, desk, said, plan=plan, status=status)


def _confirm(request: HttpRequest, desk: Desk) -> HttpResponse:
    said = _posted(request, desk)
    plan, made = store_file(
        community=desk.community,
        content=desk.held.content,
        file_name=desk.held.name,
        mapping=said,
        imported_by=desk.user,
        as_of=timezone.now(),
        seen=lambda plan: digest(_shown(said, plan)) == desk.held.shown_sha256,
    )
    if made is None:
        messages.warning(request, _("Nel frattempo i dati sono cambiati. Guarda la nuova anteprima, poi conferma."))
        return _preview(request, desk, said)
    forget_file(user=desk.user, kind=desk.kind, content=desk.held.content)
    messages.success(
        request,
        _("%(file)s importato: %(new)s nuovi, %(superseding)s sostituiti, %(known)s già noti, %(refused)s righe rifiutate.")
        % {
            "file": made.file_name,
            "new": plan.new,
            "superseding": plan.superseding,
            "known": plan.known,
            "refused": len(plan.refusals),
        },
    )
    return redirect("admin:settlement_gsepublication_changelist")


def _ask(
    request: HttpRequest, desk: Desk, said: FileMapping, *, plan: Plan | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    """The columns and first rows of the file, the mapping, and below it what an import would do."""
    header = header_of(desk.table, said.header_row)
    shown = _shown(said, plan) if plan else []
    token = hold_file(user=desk.user, kind=desk.kind, name=desk.held.name, content=desk.held.content, shown=shown)
    places = columns_of(said, header)
    rows = [(line, cells) for line, cells in desk.table.rows if line > said.header_row]
    return _show(
        request,
        status=status,
        refusal=refusal,
        desk=desk,
        token=token,
        file_name=desk.held.name,
        said=said,
        header=list(enumerate(header)),
        sample=[(line, [*cells, *[None] * (len(header) - len(cells))]) for line, cells in rows[:ROWS_SHOWN]],
        fields=[(field, places.get(field.meaning, -1)) for field in fields_of(said, desk.community)],
        words_json=json.dumps({name: dict(words) for name, words in said.words.items()}, ensure_ascii=False),
        mapping_json=json.dumps(said.to_json(), ensure_ascii=False),
        saved=GseMapping.objects.filter(community=desk.community, target=desk.target),
        is_publications=desk.target == GseTarget.PUBLICATIONS,
        target_name=GseTarget(desk.target).label,
        **(_told(desk, plan) if plan else {}),
    )


def _told(desk: Desk, plan: Plan) -> dict[str, Any]:
    """The preview: counts, what is new, what takes the place of what, what is left out and why."""
    configurations = dict(Configuration.objects.filter(community=desk.community).values_list("pk", "code"))
    plants = dict(Plant.objects.filter(community=desk.community).values_list("pk", "code"))
    publications = [
        {
            "entry": entry,
            "configuration": configurations[entry.configuration],
            "item": GseItem(entry.item).label,
            "kind": GseKind(entry.kind).label,
            "plant": plants.get(entry.plant or 0, ""),
            "before": None if before is None else plan.before[before],
        }
        for entry, before in plan.publications[:MOST_SHOWN]
    ]
    receipts = [
        {"entry": entry, "configuration": configurations.get(entry.configuration or 0, "")}
        for entry, _occurrence in plan.receipts[:MOST_SHOWN]
    ]
    entries = [*(entry.cents for entry, _before in plan.publications), *(entry.cents for entry, _times in plan.receipts)]
    return {
        "plan": plan,
        "publications": publications,
        "receipts": receipts,
        "left": max(0, len(entries) - MOST_SHOWN),
        "sum_cents": sum(entries),
        "refusals": plan.refusals[:MOST_SHOWN],
        "refusals_left": max(0, len(plan.refusals) - MOST_SHOWN),
        "unknown": words_of(plan.read, desk.community),
    }


def _shown(said: FileMapping, plan: Plan) -> list[object]:
    return [json.dumps(said.to_json(), sort_keys=True), *plan.shown]


def _show(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    title = _("Importa dal GSE o dalla banca")
    address = reverse("admin:settlement_gsepublication_import")
    return show_page(request, TEMPLATE, title=title, crumbs=[gse_crumb()], status=status, here=address, **context)
