"""The page Contabilità of a community: ask for a file, see how far it is, fetch what was made."""

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import list_visible_communities, only, person
from apps.backoffice.accounting.access import may_decide, of_visible_community
from apps.backoffice.accounting.forms import BenefitsForm, BooksForm, latest_year
from apps.backoffice.pages import Crumb, show_page
from apps.backoffice.runs.page import STOP_POLLING
from apps.communities.models import Community
from apps.invoicing.accountancy.models import AccountingExport
from apps.invoicing.accountancy.operations import open_export
from apps.invoicing.accountancy.scope import Scope
from apps.invoicing.errors import InvoicingError
from apps.settlement.archive import FileAltered, open_file
from apps.settlement.errors import SettlementError
from tasks.accountancy import extension_of, make_export

Kind, Format, State = AccountingExport.Kind, AccountingExport.Format, AccountingExport.State
PER_PAGE = 25
REFUSED, GONE = 409, 410


@only("GET", "HEAD")
def choose_community(request: HttpRequest) -> HttpResponse:
    """The communities whose books this person may see; the only one at once."""
    communities = list(list_visible_communities(request.user).order_by("code"))
    if len(communities) == 1:
        return redirect("admin:invoicing_accountingexport_community", communities[0].pk)
    return show_page(request, "backoffice/accounting/communities.html", title=_("Contabilità"), communities=communities)


@of_visible_community("GET", "HEAD")
def show_community(request: HttpRequest, community: Community) -> HttpResponse:
    """The forms, and what was made."""
    return _show(request, community)


@of_visible_community("POST")
def ask_for_books(request: HttpRequest, community: Community) -> HttpResponse:
    """Ask for the books of a period. Twice is once."""
    form = BooksForm(request.POST, community=community, auto_id="books_%s")
    if not form.is_valid():
        return _show(request, community, books=form, status=REFUSED)
    return ask(request, form.scope(), Kind.BOOKS, Format(form.cleaned_data["format"]), books=form)


@of_visible_community("POST")
def ask_for_benefits(request: HttpRequest, community: Community) -> HttpResponse:
    """Ask for the yearly report of a configuration."""
    form = BenefitsForm(request.POST, community=community, auto_id="benefits_%s")
    if not form.is_valid():
        return _show(request, community, benefits=form, status=REFUSED)
    return ask(request, form.scope(), Kind.BENEFITS, Format(form.cleaned_data["format"]), benefits=form)


def ask(
    request: HttpRequest, scope: Scope, kind: AccountingExport.Kind, file_format: AccountingExport.Format, **forms: Any
) -> HttpResponse:
    """Open an export and send it to a worker, or show the page with the reason why there is none."""
    try:
        with transaction.atomic():
            export, new = open_export(
                scope=scope, kind=kind, file_format=file_format, asked_by=person(request), as_of=timezone.now()
            )
            if new:
                transaction.on_commit(lambda: make_export.delay(export.pk), robust=True)
    except (InvoicingError, SettlementError) as error:
        return _show(request, scope.community, refusal=str(error), status=REFUSED, **forms)
    address = reverse("admin:invoicing_accountingexport_community", args=[scope.community.pk])
    return redirect(f"{address}#files")


@of_visible_community("GET", "HEAD")
def show_progress(request: HttpRequest, community: Community) -> HttpResponse:
    """The list alone, asked for every second until nothing waits any more."""
    news = _news(request, community)
    return render(
        request,
        "backoffice/accounting/files.html",
        {"community": community, **news},
        status=200 if news["waiting"] else STOP_POLLING,
    )


@of_visible_community("GET", "HEAD")
def download(request: HttpRequest, community: Community, export_id: int) -> HttpResponseBase:
    """One stored file, checked against its hash, always as an attachment, sent piece by piece."""
    export = _exports(community).filter(pk=export_id, state=State.READY).first()
    if export is None:
        raise Http404
    try:
        file = open_file(export.path, sha256=export.sha256)
    except FileAltered as error:
        return show_page(
            request,
            "backoffice/accounting/gone.html",
            title=_("Il file non è più quello prodotto"),
            crumbs=[accounting_crumb(community)],
            status=GONE,
            reason=str(error),
        )
    response = FileResponse(file, as_attachment=True, filename=file_name(export), content_type="application/octet-stream")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def file_name(export: AccountingExport) -> str:
    """What the file is called at home: whose, what, when; letters that every file system takes (codes are)."""
    names = {Kind.BOOKS: "contabilita", Kind.BENEFITS: "relazione-benefici", Kind.GSE_MEMBERS: "soci-gse"}
    whose = export.configuration.code if export.configuration else export.community.code
    when = f"{export.first_day:%Y-%m-%d}_{export.last_day:%Y-%m-%d}"
    if export.run is not None:
        when = f"{export.run.month:%Y-%m}-calcolo-{export.run.pk}"
    elif export.kind == Kind.GSE_MEMBERS:
        when = f"{export.first_day:%Y-%m-%d}"
    elif (export.first_day.month, export.last_day.month) == (1, 12):
        when = f"{export.first_day:%Y}"
    elif export.last_day - export.first_day < timedelta(days=31):
        when = f"{export.first_day:%Y-%m}"
    return f"{names[Kind(export.kind)]}-{whose}-{when}.{extension_of(export)}"


def accounting_crumb(community: Community) -> Crumb:
    return _("Contabilità"), reverse("admin:invoicing_accountingexport_community", args=[community.pk])


def _exports(community: Community) -> Any:
    rows = AccountingExport.objects.filter(community=community).defer("frozen")
    return rows.select_related("community", "configuration", "run__configuration", "asked_by")


def _news(request: HttpRequest, community: Community) -> dict[str, Any]:
    page = Paginator(_exports(community), PER_PAGE).get_page(request.GET.get("page", ""))
    rows = [
        {
            "export": export,
            "name": file_name(export),
            "percent": min(99, 100 * export.rows_done // export.rows_total) if export.rows_total else 0,
            "tone": {State.READY: "approved", State.FAILED: "failed"}.get(State(export.state), "waiting"),
        }
        for export in page
    ]
    return {"page": page, "rows": rows, "waiting": any(row["export"].state == State.PENDING for row in rows)}


def _show(
    request: HttpRequest,
    community: Community,
    *,
    books: BooksForm | None = None,
    benefits: BenefitsForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    year = {"year": latest_year(community, timezone.localdate())}
    return show_page(
        request,
        "backoffice/accounting/page.html",
        title=_("Contabilità"),
        status=status,
        community=community,
        books=books or BooksForm(initial=year, community=community, auto_id="books_%s"),
        benefits=benefits or BenefitsForm(initial=year, community=community, auto_id="benefits_%s"),
        may_decide=may_decide(request, community),
        refusal=refusal,
        **_news(request, community),
    )
