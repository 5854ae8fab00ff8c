"""{% board as home %}: the administrator's board, for the first page of the admin."""

from typing import Any

from django import template
from django.apps import apps
from django.utils import timezone

from apps.backoffice.home import get_board

register = template.Library()


@register.simple_tag(takes_context=True)
def board(context: template.Context) -> dict[str, Any]:
    """What the person of this request may see, up to the month asked for in the address."""
    request = context["request"]
    return get_board(request.user, today=timezone.localdate(), until=request.GET.get("until", ""))


@register.simple_tag
def sort_rooms(app_list: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Our own rooms first, what other packages brought along apart."""
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("apps.")}
    return {
        "ours": [app for app in app_list if app["app_label"] in ours],
        "technical": [app for app in app_list if app["app_label"] not in ours],
    }
