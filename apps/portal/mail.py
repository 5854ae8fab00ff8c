"""What a member wants by e-mail: the one thing that a member may change here."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from apps.invoicing.delivery.choices import choose_for_member
from apps.invoicing.delivery.recipients import address_of, get_choice, how_statements_go
from apps.portal.access import get_visitor


class ChoiceForm(forms.Form):
    """Letters or none, and their language."""

    wants_statements = forms.BooleanField(label=lazy("Avvisami per e-mail quando un rendiconto è pronto"), required=False)
    language = forms.ChoiceField(label=lazy("Lingua delle e-mail"), choices=settings.LANGUAGES)


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@login_required
def choose(request: HttpRequest, member_id: int) -> HttpResponseBase:
    """Show and change the choice of one of the visitor's members; for everybody else the page does not exist."""
    visitor = get_visitor(request)
    member = visitor.get_member(member_id)
    choice = get_choice(member)
    stored = {"wants_statements": choice is None or choice.wants_statements, "language": choice.language if choice else "it"}
    form = ChoiceForm(request.POST if request.method == "POST" else None, initial=stored)
    if form.is_bound and form.is_valid():
        choose_for_member(
            member=member,
            wants_statements=form.cleaned_data["wants_statements"],
            language=form.cleaned_data["language"],
            changed_by=visitor.user,
            as_of=timezone.now(),
        )
        messages.success(request, _("La tua scelta è registrata."))
        return redirect("portal:mail", member_id=member.pk)
    context = {
        "visitor": visitor,
        "member": member,
        "form": form,
        "address": address_of(member),
        "way": str(how_statements_go(member.community)),
    }
    return render(request, "portal/mail.html", context, status=400 if form.is_bound else 200)
