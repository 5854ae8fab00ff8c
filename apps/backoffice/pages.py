"""A page of our own inside the admin: its frame, its breadcrumbs, its status."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

Text = str | Promise
Crumb = tuple[Text, str]


def show_page(
    request: HttpRequest, template: str, *, title: Text, crumbs: Sequence[Crumb] = (), status: int = 200, **context: Any
) -> HttpResponse:
    """Render a template that extends `backoffice/page.html`. `crumbs` are (text, address) between the home and the title."""
    page = {**admin.site.each_context(request), "title": title, "crumbs": crumbs, **context}
    return render(request, template, page, status=status)


def runs_crumb() -> Crumb:
    return _("Regolazioni mensili"), reverse("admin:settlement_settlementrun_changelist")
