"""One letter with its history, and what a person may decide about it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import person
from apps.backoffice.delivery.access import may_act, of_visible
from apps.backoffice.delivery.labels import TONES, title_of_letter
from apps.backoffice.pages import Crumb, show_page
from apps.communities.models import Member
from apps.invoicing.delivery import operations
from apps.invoicing.delivery.errors import LetterRefused, LetterWentOn
from apps.invoicing.delivery.queries import list_letters_of_member
from apps.invoicing.delivery.recipients import address_of, get_choice
from apps.invoicing.models import MailMessage
from apps.invoicing.reminders.texts import list_lines

State = MailMessage.State
LONGEST_REASON = 500
CONFLICT = 409


class DecisionForm(forms.Form):
    """What was on the screen, what to do, and why."""

    seen_step = forms.IntegerField(min_value=0)
    decision = forms.ChoiceField(choices=[("again", ""), ("arrived", ""), ("bounced", "")])
    reason = forms.CharField(label=lazy("motivo"), required=False, max_length=LONGEST_REASON)


def letters_crumb() -> Crumb:
    return _("E-mail"), reverse("admin:invoicing_mailmessage_changelist")


@of_visible(MailMessage, "GET", "HEAD", related=("document__run__configuration", "member__user", "user", "community"))
def show_letter(request: HttpRequest, letter: MailMessage) -> HttpResponse:
    """Where it went, what happened to it, and what can be done now."""
    return _show(request, letter)


@of_visible(MailMessage, "POST", related=("document__run__configuration", "member__user", "user", "community"))
def decide(request: HttpRequest, letter: MailMessage) -> HttpResponse:
    """Send again, or say what became of it; 409 when the letter went on since the page was opened."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Il modulo non è completo. Guarda di nuovo la pagina."))
        return redirect("admin:invoicing_mailmessage_change", letter.pk)
    given: dict[str, Any] = {
        "message_id": letter.pk,
        "reason": form.cleaned_data["reason"],
        "seen_step": form.cleaned_data["seen_step"],
        "as_of": timezone.now(),
    }
    try:
        if form.cleaned_data["decision"] == "again":
            operations.send_again(asked_by=person(request), **given)
            messages.success(request, _("L’e-mail è in coda."))
        elif form.cleaned_data["decision"] == "arrived":
            operations.say_arrived(said_by=person(request), **given)
            messages.success(request, _("L’e-mail risulta arrivata."))
        else:
            operations.mark_bounced(said_by=person(request), **given)
            messages.success(request, _("L’e-mail risulta respinta."))
    except LetterWentOn as error:
        letter.refresh_from_db()
        messages.error(request, str(error))
        return _show(request, letter, status=CONFLICT)
    except LetterRefused as error:
        messages.error(request, str(error))
    return redirect("admin:invoicing_mailmessage_change", letter.pk)


def _show(request: HttpRequest, letter: MailMessage, status: int = 200) -> HttpResponse:
    acts = may_act(request.user, letter)
    steps = list(letter.steps.select_related("user"))
    return show_page(
        request,
        "backoffice/delivery/letter.html",
        title=title_of_letter(letter),
        crumbs=[letters_crumb()],
        status=status,
        letter=letter,
        tone=TONES[State(letter.state)],
        steps=[(step, TONES[State(step.to_state)]) for step in steps],
        last_step=steps[-1].pk if steps else 0,
        lines=list_lines(letter) if letter.kind == MailMessage.Kind.REMINDERS else [],
        may_send=acts and letter.state not in (State.QUEUED, State.SENDING),
        may_arrive=acts and letter.state == State.UNKNOWN,
        may_bounce=acts and letter.state in (State.SENT, State.UNKNOWN),
        asks=letter.state in (State.SENT, State.UNKNOWN),
    )


@of_visible(Member, "GET", "HEAD", related=("user", "community", "mail_choice"))
def show_member(request: HttpRequest, member: Member) -> HttpResponse:
    """Where a member is written to, what they chose, and every letter to them."""
    rows = [(letter, TONES[State(letter.state)]) for letter in list_letters_of_member(member.pk)]
    return show_page(
        request,
        "backoffice/delivery/member.html",
        title=_("E-mail di %(name)s") % {"name": member.name},
        crumbs=[letters_crumb(), (str(member), reverse("admin:communities_member_change", args=[member.pk]))],
        member=member,
        address=address_of(member),
        choice=get_choice(member),
        rows=rows,
    )
