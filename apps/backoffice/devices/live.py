"""The devices' page: the way from brokers to rows, every device, and those that nobody has bound. Lives while it is looked at."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import only
from apps.backoffice.devices.access import list_visible_brokers, may_look, may_run_devices
from apps.backoffice.devices.listing import DeviceFilter, list_page, list_unbound
from apps.backoffice.devices.status import see_broker, see_canary, see_way
from apps.backoffice.pages import show_page


@only("GET", "HEAD")
def show_devices(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    _let_in(request)
    asked = DeviceFilter(request.GET, user=request.user)
    facts = _facts(request, asked)
    return show_page(request, "backoffice/devices/list.html", title=_("Dispositivi"), form=asked, **facts)


@only("GET", "HEAD")
def show_live(request: HttpRequest) -> HttpResponse:
    """The part that changes, for the same filters and page, asked for every five seconds."""
    _let_in(request)
    return render(request, "backoffice/devices/live.html", _facts(request, DeviceFilter(request.GET, user=request.user)))


def _let_in(request: HttpRequest) -> None:
    if not may_look(request.user):
        raise PermissionDenied(_("Non amministri nessuna comunità."))


def _facts(request: HttpRequest, asked: DeviceFilter) -> dict[str, Any]:
    as_of = timezone.now()
    runs = may_run_devices(request.user)
    rows, page = list_page(request.user, asked, number=request.GET.get("page", ""), as_of=as_of)
    narrowed = any(request.GET.get(name) for name in asked.fields)
    unbound, unbound_count = ([], 0) if narrowed else list_unbound(request.user, as_of=as_of)
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "runs": runs,
        "brokers": [see_broker(broker, as_of=as_of) for broker in list_visible_brokers(request.user)],
        "way": [*see_way(), see_canary(as_of=as_of)] if runs else [],
        "rows": rows,
        "page": page,
        "query": f"{query.urlencode()}&" if query else "",
        "whole_query": request.GET.urlencode(),
        "unbound": unbound,
        "unbound_count": unbound_count,
        "asked": narrowed,
    }
