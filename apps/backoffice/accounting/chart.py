"""The chart of accounts: how the accountant's own program calls each account of the books."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.backoffice.accounting.access import may_decide, of_visible_community
from apps.backoffice.accounting.page import REFUSED, accounting_crumb
from apps.backoffice.pages import show_page
from apps.communities.models import Community
from apps.invoicing.accountancy.chart import list_chart, write_chart_account
from apps.invoicing.errors import ChartRefused


@of_visible_community("GET", "HEAD")
def show_chart(request: HttpRequest, community: Community) -> HttpResponse:
    """Every account with its code, name and purpose; one is edited at a time."""
    return _show(request, community)


@of_visible_community("POST", decides=True)
def write_account(request: HttpRequest, community: Community) -> HttpResponse:
    """Call one account as was typed. Files that were made keep their names."""
    values = {name: request.POST.get(name, "") for name in ("key", "code", "name", "purpose")}
    try:
        write_chart_account(community=community, **values)
    except ChartRefused as error:
        return _show(request, community, refusal=str(error), status=REFUSED)
    return redirect("admin:invoicing_accountingexport_chart", community.pk)


def _show(request: HttpRequest, community: Community, *, refusal: str = "", status: int = 200) -> HttpResponse:
    chart = list_chart(community_id=community.pk)
    wanted = request.GET.get("key", "") or request.POST.get("key", "")
    decides = may_decide(request, community)
    return show_page(
        request,
        "backoffice/accounting/chart.html",
        title=_("Piano dei conti"),
        crumbs=[accounting_crumb(community)],
        status=status,
        community=community,
        chart=chart,
        edited=next((account for account in chart if decides and account.key == wanted), None),
        may_decide=decides,
        refusal=refusal,
    )
