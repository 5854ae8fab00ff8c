"""The pages of a member. All of them only read; all of them are private to who is logged in."""

import io
import logging
from collections.abc import Callable
from itertools import groupby

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import pgettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.invoicing.downloads import Statement, get_statement, read_statement
from apps.invoicing.invoices.files import get_members_file, has_invoices, list_members_files, read_invoice_file
from apps.portal.access import get_visitor
from apps.portal.account import export_account, get_account_page
from apps.portal.month import get_month
from apps.portal.months import get_year, list_years
from apps.portal.pictures import month_pictures, year_picture
from apps.settlement.archive import FileAltered
from apps.settlement.models import SettlementRun
from tasks.invoices import file_name_of

log = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 3600

View = Callable[..., HttpResponseBase]


def private(view: View) -> View:
    """For people who have logged in, by GET only, kept by no cache."""
    return require_safe(cache_control(private=True, no_store=True)(login_required(view)))


@private
def start(request: HttpRequest) -> HttpResponseBase:
    """Where a log-in leads: staff to the backoffice, members to their months."""
    return redirect("admin:index" if getattr(request.user, "is_staff", False) else "portal:home")


@private
def home(request: HttpRequest) -> HttpResponseBase:
    """The months of the only member, or the choice between several; staff without a membership belong elsewhere."""
    visitor = get_visitor(request)
    if len(visitor.members) == 1:
        return redirect("portal:member", member_id=visitor.members[0].pk)
    if not visitor.members and visitor.user.is_staff:
        return redirect("admin:index")
    return render(request, "portal/home.html", {"visitor": visitor})


@private
def member(request: HttpRequest, member_id: int, year: int | None = None) -> HttpResponseBase:
    """One year of one member, the latest unless the address names another."""
    visitor = get_visitor(request)
    found = visitor.get_member(member_id)
    years = list_years(member_id=found.pk)
    if year is not None and year not in years:
        raise Http404
    shown = get_year(member_id=found.pk, year=year or years[0]) if years else None
    context = {
        "visitor": visitor,
        "member": found,
        "years": years,
        "year": shown,
        "picture": year_picture(shown) if shown else None,
        "has_invoices": has_invoices(member_id=found.pk),
    }
    return render(request, "portal/member.html", context)


@private
def month(request: HttpRequest, result_id: int) -> HttpResponseBase:
    """One month: energy, money, where the money comes from, the document."""
    visitor = get_visitor(request)
    found = get_month(visitor=visitor, result_id=result_id)
    context = {"visitor": visitor, "member": found.member, "month": found, "pictures": month_pictures(found)}
    return render(request, "portal/month.html", context)


@private
def account(request: HttpRequest, member_id: int) -> HttpResponseBase:
    """What the community owes this member and what it paid, line by line."""
    visitor = get_visitor(request)
    found = visitor.get_member(member_id)
    context = {"visitor": visitor, "member": found, "account": get_account_page(found)}
    return render(request, "portal/account.html", context)


@private
def account_csv(request: HttpRequest, member_id: int) -> HttpResponseBase:
    """The same as a file."""
    found = get_visitor(request).get_member(member_id)
    response = HttpResponse(export_account(found), content_type="text/csv; charset=utf-8")
    name = slugify(" ".join([pgettext("file name", "conto"), found.code]))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@private
def statement(request: HttpRequest, document_id: int) -> HttpResponseBase:
    """The statement as it was stored, byte by byte; a file that was altered is never handed out."""
    visitor = get_visitor(request)
    found = get_statement(document_id=document_id, member_ids=visitor.member_ids)
    if found is None:
        raise Http404
    try:
        content = read_statement(found)
    except FileAltered as error:
        log.error("Statement %s cannot be handed out: %s", found.document_id, error)
        return _being_restored(request)
    response = FileResponse(
        io.BytesIO(content), as_attachment=True, filename=statement_file_name(found), content_type="application/pdf"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@private
def invoices(request: HttpRequest, member_id: int) -> HttpResponseBase:
    """The invoices of one member, newest first; only those whose files are ready."""
    visitor = get_visitor(request)
    found = visitor.get_member(member_id)
    files = list_members_files(member_id=found.pk)
    rows = [(invoice, list(of_invoice)) for invoice, of_invoice in groupby(files, lambda file: file.invoice)]
    return render(request, "portal/invoices.html", {"visitor": visitor, "member": found, "rows": rows})


@private
def invoice(request: HttpRequest, file_id: int) -> HttpResponseBase:
    """A file of one of the visitor's own invoices, byte by byte as it was stored."""
    visitor = get_visitor(request)
    found = get_members_file(file_id=file_id, member_ids=visitor.member_ids)
    if found is None:
        raise Http404
    try:
        content = read_invoice_file(found)
    except FileAltered as error:
        log.error("Invoice file %s cannot be handed out: %s", found.pk, error)
        return _being_restored(request)
    kind = "application/pdf" if found.kind == found.Kind.PDF else "application/octet-stream"
    response = FileResponse(io.BytesIO(content), as_attachment=True, filename=file_name_of(found), content_type=kind)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def statement_file_name(statement: Statement) -> str:
    """What the file is called on the member's disk: lower case and ASCII, so that every system takes it."""
    parts = [pgettext("file name", "rendiconto"), f"{statement.month:%Y-%m}", statement.configuration_code, statement.member_code]
    if word := _words_of_kinds().get(statement.kind):
        parts.append(word)
    if statement.version > 1:
        parts.append(f"v{statement.version}")
    return f"{slugify(' '.join(parts))}.pdf"


def _words_of_kinds() -> dict[str, str]:
    """Kind of run -> its word in a file name; a provisional month has none."""
    return {
        SettlementRun.Kind.ADVANCE: pgettext("file name", "acconto"),
        SettlementRun.Kind.FINAL: pgettext("file name", "definitivo"),
        SettlementRun.Kind.CORRECTION: pgettext("file name", "rettifica"),
        SettlementRun.Kind.REVERSAL: pgettext("file name", "storno"),
    }


def _being_restored(request: HttpRequest) -> HttpResponse:
    response = render(request, "503.html", status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
