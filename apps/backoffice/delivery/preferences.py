"""How a community sends its statements, who is in charge of it, and whether I want reminders about it."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.accounts.models import User
from apps.backoffice.access import person
from apps.backoffice.delivery.access import may_act, of_visible
from apps.backoffice.delivery.letters import letters_crumb
from apps.backoffice.pages import show_page
from apps.communities.models import Community, Role
from apps.invoicing.delivery.choices import switch_statements
from apps.invoicing.delivery.recipients import how_statements_go
from apps.invoicing.models import CommunityDelivery
from apps.invoicing.reminders.operations import ReminderRefused, choose_letters, put_in_charge
from apps.invoicing.reminders.people import get_person_in_charge, is_silent, list_people_in_charge


class PreferencesForm(forms.Form):
    """The switch, the person in charge from today on, and my own reminders."""

    statements = forms.ChoiceField(label=lazy("Rendiconti per e-mail"), choices=CommunityDelivery.Statements.choices)
    in_charge = forms.ModelChoiceField(
        label=lazy("Incaricato dei promemoria"),
        queryset=User.objects.none(),
        required=False,
        empty_label=lazy("tutti gli amministratori"),
    )
    reminders = forms.BooleanField(label=lazy("Mandami per e-mail i promemoria di questa comunità"), required=False)


@of_visible(Community, "GET", "HEAD", "POST", related=("delivery",))
def show_preferences(request: HttpRequest, community: Community) -> HttpResponse:
    """Show them to whoever sees the community; administrators change them."""
    today, user = timezone.localdate(), person(request)
    recorded = get_person_in_charge(community_id=community.pk, on=today)
    before = {
        "statements": how_statements_go(community),
        "in_charge": recorded,
        "reminders": not is_silent(user=user, community=community),
    }
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=before)
    field = form.fields["in_charge"]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # for the type checker: declared above
    field.queryset = User.objects.filter(roles__community=community, roles__kind=Role.Kind.ADMINISTRATOR).order_by("name")
    if form.is_bound and form.is_valid():
        chosen = form.cleaned_data
        switch_statements(community=community, statements=chosen["statements"], changed_by=user, as_of=timezone.now())
        choose_letters(user=user, community=community, wants_letters=chosen["reminders"])
        try:
            if chosen["in_charge"] != recorded:
                put_in_charge(community=community, user=chosen["in_charge"], from_day=today)
            messages.success(request, _("Le scelte sono registrate."))
        except ReminderRefused as error:
            messages.error(request, str(error))
        return redirect("admin:invoicing_mailmessage_preferences", community.pk)
    return show_page(
        request,
        "backoffice/delivery/preferences.html",
        title=_("E-mail di %(name)s") % {"name": community.name},
        crumbs=[letters_crumb()],
        status=400 if form.is_bound else 200,
        form=form,
        community=community,
        may_change=may_act(user, community),
        people=list_people_in_charge(community_id=community.pk, on=today),
    )
