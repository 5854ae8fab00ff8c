"""Accounts in the backoffice: what every member is owed, line by line, and the community's own accounts."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.backoffice.access import list_visible_communities, manages, only
from apps.backoffice.pages import Crumb, show_page
from apps.backoffice.payouts.access import of_visible_community, of_visible_member
from apps.backoffice.payouts.labels import batches_crumb
from apps.backoffice.runs.labels import CONTRIBUTIONS, account_text
from apps.communities.models import Community, Member
from apps.invoicing.payouts.accounts import (
    AccountLine,
    get_account,
    get_balances,
    get_own_account,
    list_accounts,
    list_own_accounts,
)
from reports import account_csv, account_xlsx
from reports.documents.account import AccountDocument, AccountRow

PER_PAGE = 100
FILES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@only("GET", "HEAD")
def choose_accounts(request: HttpRequest) -> HttpResponse:
    """The only community, or the choice between several."""
    communities = list(list_visible_communities(request.user).order_by("name"))
    if len(communities) == 1:
        return redirect("admin:invoicing_payoutbatch_accounts", communities[0].pk)
    if not communities:
        raise Http404
    return show_page(
        request, "backoffice/payouts/communities.html", title=_("Conti"), crumbs=[batches_crumb()], communities=communities
    )


@of_visible_community("GET", "HEAD")
def show_accounts(request: HttpRequest, community: Community) -> HttpResponse:
    """Every member with what it is owed, and the community's own accounts."""
    balances = get_balances(community_id=community.pk)
    return show_page(
        request,
        "backoffice/payouts/accounts.html",
        title=_("Conti di %(community)s") % {"community": community.name},
        crumbs=[batches_crumb()],
        community=community,
        page=Paginator(balances, PER_PAGE).get_page(request.GET.get("page", "")),
        total=sum(cents for _member, cents in balances),
        own=[
            {
                "account": account,
                "name": account_text(account),
                "contribution": CONTRIBUTIONS.get(contribution, ""),
                "cents": cents,
            }
            for account, contribution, cents in list_own_accounts(community_id=community.pk)
        ],
        may_decide=manages(request.user, community.pk),
    )


@of_visible_member("GET", "HEAD")
def show_account(request: HttpRequest, member: Member) -> HttpResponse:
    """The account of one member, newest line first."""
    lines = get_account(member_id=member.pk)
    return show_page(
        request,
        "backoffice/payouts/account.html",
        title=f"{member.code} · {member.name}",
        crumbs=[batches_crumb(), _accounts_crumb(member.community)],
        page=Paginator(lines[::-1], PER_PAGE).get_page(request.GET.get("page", "")),
        balance=lines[-1].balance_cents if lines else 0,
        exports=[reverse(f"admin:invoicing_payoutbatch_account_{kind}", args=[member.pk]) for kind in FILES],
        kind="member",
    )


@of_visible_member("GET", "HEAD")
def export_account(request: HttpRequest, member: Member, kind: str) -> HttpResponse:
    """The account of one member as a file of this kind."""
    document = _document(member.code, member.name, get_account(member_id=member.pk))
    title = _("Conto di %(name)s") % {"name": f"{member.code} · {member.name}"}
    return _as_file([document], f"conto-{member.community.code}-{member.code}", kind, title)


@of_visible_community("GET", "HEAD")
def export_accounts(request: HttpRequest, community: Community, kind: str) -> HttpResponse:
    """All accounts of a community as one file of this kind: members by code, then the community's own."""
    members = [_document(code, name, lines) for code, name, lines in list_accounts(community_id=community.pk)]
    title = _("Conti di %(community)s") % {"community": community.name}
    return _as_file([*members, *_own_documents(community)], f"conti-{community.code}", kind, title)


@of_visible_community("GET", "HEAD")
def show_own_account(request: HttpRequest, community: Community, account: str) -> HttpResponse:
    """One account of the community by contribution, newest line first."""
    lines = get_own_account(community_id=community.pk, account=account)
    if not lines:
        raise Http404
    return show_page(
        request,
        "backoffice/payouts/account.html",
        title=account_text(account),
        crumbs=[batches_crumb(), _accounts_crumb(community)],
        page=Paginator(lines[::-1], PER_PAGE).get_page(request.GET.get("page", "")),
        balance=lines[-1].balance_cents,
        exports=[reverse(f"admin:invoicing_payoutbatch_accounts_{kind}", args=[community.pk]) for kind in FILES],
        kind="own",
        names=CONTRIBUTIONS,
    )


def _own_documents(community: Community) -> Iterable[AccountDocument]:
    for account in dict.fromkeys(account for account, _contribution, _cents in list_own_accounts(community_id=community.pk)):
        yield _document(account, account_text(account), get_own_account(community_id=community.pk, account=account))


def _document(holder: str, name: str, lines: Iterable[AccountLine]) -> AccountDocument:
    rows = (
        AccountRow(line.day, line.text, line.cents, line.balance_cents, str(CONTRIBUTIONS.get(line.contribution, "")))
        for line in lines
    )
    return AccountDocument(holder, name, tuple(rows))


def _as_file(documents: Iterable[AccountDocument], name: str, kind: str, title: str) -> HttpResponse:
    content = account_csv.render(*documents) if kind == "csv" else account_xlsx.render(*documents, title=title)
    response = HttpResponse(content, content_type=FILES[kind])
    safe = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
    response.headers["Content-Disposition"] = f'attachment; filename="{safe}.{kind}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _accounts_crumb(community: Community) -> Crumb:
    return _("Conti di %(community)s") % {"community": community.name}, reverse(
        "admin:invoicing_payoutbatch_accounts", args=[community.pk]
    )
