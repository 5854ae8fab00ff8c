"""Uploading a file of measures: streamed to disk, kept, and handed to a worker who looks into it without writing."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from apps.backoffice.access import only, person
from apps.backoffice.measures.access import get_scope, may_import
from apps.backoffice.measures.completeness import imports_crumb
from apps.backoffice.pages import show_page
from apps.metering.models import Source
from apps.metering.operations import open_import
from tasks.measures import preview_file

LARGEST_BYTES = 4 * 1024**3
TOO_LARGE = 413
SOURCES = [(Source.OFFICIAL.value, lazy("distributore (misure ufficiali)")), (Source.MANUAL.value, lazy("manuale"))]


class UploadForm(forms.Form):
    """A file and where it comes from. Curves of devices never come by file."""

    file = forms.FileField(label=lazy("File CSV"), widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}))
    source = forms.TypedChoiceField(label=lazy("Origine"), choices=SOURCES, coerce=int)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.label_suffix = ""


@csrf_exempt  # the token is checked one function below: it stands in the body, which must not be read before its size is known
@only("GET", "HEAD", "POST")
def upload_file(request: HttpRequest) -> HttpResponse:
    """Refuse what is too large before reading it; never hold a file in memory."""
    if not may_import(request.user):
        raise PermissionDenied(_("Solo un amministratore può importare misure."))
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BYTES:
        form = UploadForm()
        return _show(request, form, status=TOO_LARGE, refusal=_("Il file supera 4 GB: dividilo in più file."))
    request.upload_handlers = [TemporaryFileUploadHandler(request)]
    return _take(request)


@csrf_protect
def _take(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _show(request, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, form)
    file = form.cleaned_data["file"]
    with transaction.atomic():
        found = open_import(
            file_name=file.name,
            chunks=file.chunks(),
            source=Source(form.cleaned_data["source"]),
            imported_by=person(request),
            communities=get_scope(person(request)),
            as_of=timezone.now(),
        )
        transaction.on_commit(lambda: preview_file.delay(found.pk), robust=True)
    return redirect("admin:metering_measureimport_change", found.pk)


def _show(request: HttpRequest, form: UploadForm, *, status: int = 200, refusal: str = "") -> HttpResponse:
    return show_page(
        request,
        "backoffice/measures/upload.html",
        title=_("Importa misure"),
        crumbs=[imports_crumb()],
        status=status,
        form=form,
        confined=get_scope(person(request)) is not None,
        refusal=refusal,
    )
