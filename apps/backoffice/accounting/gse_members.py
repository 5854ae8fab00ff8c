"""GSE's list of members: who stands in it, who lacks what, and the file once nobody lacks anything."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.accounting.access import of_visible_community
from apps.backoffice.accounting.page import REFUSED, Format, Kind, accounting_crumb, ask
from apps.backoffice.pages import show_page
from apps.communities.models import Community, Configuration
from apps.invoicing.accountancy.gse_members import list_gse_members
from apps.invoicing.accountancy.scope import Scope
from reports.gse_members_csv import find_missing
from tasks.accountancy import gse_members_from


class MembersForm(forms.Form):
    """Of which configuration, on which day."""

    configuration: "forms.ModelChoiceField[Configuration]" = forms.ModelChoiceField(
        Configuration.objects.none(), label=lazy("Configurazione"), empty_label=None
    )
    on = forms.DateField(label=lazy("Punti validi il"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        configurations = Configuration.objects.filter(community=community).order_by("code")
        self.fields["configuration"].queryset = configurations  # type: ignore[attr-defined]


@of_visible_community("GET", "HEAD", "POST")
def show_members(request: HttpRequest, community: Community) -> HttpResponse:
    """A preview by GET; the file by POST, refused while a column of anybody is missing or wrong."""
    posted = request.method == "POST"
    asked = request.POST if posted else request.GET if "on" in request.GET else None
    first = Configuration.objects.filter(community=community).order_by("code").first()
    form = MembersForm(asked, community=community, initial={"on": timezone.localdate(), "configuration": first})
    if form.is_bound and form.is_valid():
        configuration, on = form.cleaned_data["configuration"], form.cleaned_data["on"]
    elif form.is_bound or first is None:
        return _show(request, community, form, status=REFUSED if posted else 200)
    else:
        configuration, on = first, timezone.localdate()
    rows = _preview(configuration, on)
    if posted and rows and not any(row["wants"] for row in rows):
        return ask(request, Scope(community, on, on, configuration), Kind.GSE_MEMBERS, Format.CSV)
    status = REFUSED if posted else 200
    return _show(request, community, form, rows=rows, configuration=configuration, on=on, status=status)


def _preview(configuration: Configuration, on: date) -> list[dict[str, Any]]:
    """The rows of the list with the columns that each lacks; those that lack something first."""
    rows = list_gse_members(configuration=configuration, on=on)
    wants = {(member, pod): columns for member, pod, columns in find_missing(gse_members_from(rows))}
    for row in rows:
        row["wants"] = wants.get((row["member"], row["pod"]), ())
    return sorted(rows, key=lambda row: (not row["wants"], row["pod"]))


def _show(
    request: HttpRequest,
    community: Community,
    form: MembersForm,
    *,
    rows: Sequence[dict[str, Any]] = (),
    status: int = 200,
    **chosen: Any,
) -> HttpResponse:
    return show_page(
        request,
        "backoffice/accounting/gse_members.html",
        title=_("Elenco dei soci per il GSE"),
        crumbs=[accounting_crumb(community)],
        status=status,
        community=community,
        form=form,
        rows=rows,
        incomplete=sum(bool(row["wants"]) for row in rows),
        refused=status == REFUSED,
        **chosen,
    )
