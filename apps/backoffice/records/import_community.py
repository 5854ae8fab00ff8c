"""community.json from the admin: choose a file, see what it would change, confirm. Nothing is written before."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.backoffice.access import list_managed_communities, only, person
from apps.backoffice.pages import Crumb, show_page
from apps.backoffice.records.held_file import TokenRefused, digest, forget_file, hold_file, take_file
from apps.backoffice.records.history import list_approved_months
from apps.backoffice.records.import_forms import FileForm
from apps.communities import operations
from apps.communities.community_file.changes import Action
from apps.communities.community_file.problems import FileRefused, Problem
from apps.communities.operations import CommunityImport

KIND = "community"
TEMPLATE = "backoffice/records/import_community.html"
MOST_SHOWN = 300
SUBJECT_NAMES: dict[str, Promise] = {
    "communities": _("comunità"),
    "configurations": _("configurazioni"),
    "distribution_rules": _("regole di riparto"),
    "members": _("soci"),
    "memberships": _("periodi di adesione"),
    "metering_points": _("punti di misura"),
    "plants": _("impianti"),
}


@only("GET", "HEAD", "POST")
def import_community(request: HttpRequest) -> HttpResponse:
    """GET: the choice of a file. POST with a file: the preview. POST with the token of a preview: the import."""
    user = person(request)
    if not user.is_superuser and not list_managed_communities(user).exists():
        raise PermissionDenied(say("Solo un amministratore della comunità può importare."))
    if request.method != "POST":
        return _show(request, form=FileForm())
    if "token" in request.POST:
        return _confirm(request, user, request.POST["token"])
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, form=form, status=400)
    upload = form.cleaned_data["file"]
    return _preview(request, user, upload.name, upload.read())


def _preview(request: HttpRequest, user: User, name: str, content: bytes) -> HttpResponse:
    try:
        _refuse_foreign(user, content)
        result = operations.preview_community(content=content, approved_months=list_approved_months)
    except FileRefused as refusal:
        return _show(request, form=FileForm(), file_name=name, problems=refusal.problems, status=422)
    token = hold_file(user=user, kind=KIND, name=name, content=content, shown=_shown(result))
    return _show(request, form=FileForm(), file_name=name, token=token, **_context(result))


def _confirm(request: HttpRequest, user: User, token: str) -> HttpResponse:
    try:
        held = take_file(user=user, kind=KIND, token=token)
    except TokenRefused:
        messages.error(request, say("L’anteprima è scaduta. Scegli di nuovo il file."))
        return redirect("admin:communities_community_import")
    try:
        _refuse_foreign(user, held.content)
        with transaction.atomic():
            result = operations.import_community(content=held.content, approved_months=list_approved_months)
            as_shown = digest(_shown(result)) == held.shown_sha256
            transaction.set_rollback(not as_shown)
    except FileRefused as refusal:
        return _show(request, form=FileForm(), file_name=held.name, problems=refusal.problems, status=422)
    if not as_shown:
        messages.warning(request, say("Nel frattempo i dati sono cambiati. Guarda la nuova anteprima, poi conferma."))
        return _preview(request, user, held.name, held.content)
    forget_file(user=user, kind=KIND, content=held.content)
    messages.success(
        request,
        say("%(community)s importata: %(created)s righe nuove, %(updated)s cambiate, %(unchanged)s uguali.")
        % {
            "community": result.community,
            "created": sum(result.created.values()),
            "updated": sum(result.updated.values()),
            "unchanged": sum(result.unchanged.values()),
        },
    )
    return redirect("admin:communities_community_changelist")


def _refuse_foreign(user: User, content: bytes) -> None:
    """A superuser brings in any community; an administrator only those that they administer, existing or not alike."""
    if user.is_superuser:
        return
    code = operations.read_community_code(content)
    if not list_managed_communities(user).filter(code=code).exists():
        reason = say("non amministri una comunità con questo codice. Controlla il codice o chiedi a chi gestisce il sistema.")
        raise FileRefused([Problem("community.code", reason)])


def _shown(result: CommunityImport) -> Sequence[object]:
    return [result.community, *result.changes, *result.warnings]


def _context(result: CommunityImport) -> dict[str, Any]:
    counts = [
        (name, result.created[subject], result.updated[subject], result.unchanged[subject])
        for subject, name in SUBJECT_NAMES.items()
    ]
    changes = [
        {"subject": SUBJECT_NAMES[change.subject], "change": change, "is_new": change.action == Action.CREATED}
        for change in result.changes
        if change.action != Action.UNCHANGED
    ]
    return {
        "community": result.community,
        "counts": counts,
        "changes": changes[:MOST_SHOWN],
        "changes_left": max(0, len(changes) - MOST_SHOWN),
        "warnings": result.warnings,
        "changes_nothing": result.changes_nothing,
    }


def _show(request: HttpRequest, *, form: FileForm, status: int = 200, **context: Any) -> HttpResponse:
    crumbs: list[Crumb] = [(say("Comunità"), reverse("admin:communities_community_changelist"))]
    title = say("Importa una comunità")
    return show_page(request, TEMPLATE, title=title, crumbs=crumbs, status=status, form=form, **context)
