"""Who may see and decide what in the backoffice. Asked of the database at every request: a removed role ends at once."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.communities.models import Community, Configuration
from apps.communities.queries import list_administered_communities
from apps.settlement.models import SettlementRun

Person = User | AnonymousUser
RunView = Callable[..., HttpResponseBase]


def person(request: HttpRequest) -> User:
    """Who is at the screen. The admin lets nobody else in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def list_visible_communities(user: Person) -> QuerySet[Community]:
    """The communities that a person may look at: those where they have a role; a superuser all."""
    if not isinstance(user, User) or not (user.is_active and user.is_staff):
        return Community.objects.none()
    if user.is_superuser:
        return Community.objects.all()
    return Community.objects.filter(roles__user=user)


def list_managed_communities(user: Person) -> QuerySet[Community]:
    """The communities where a person may start, approve and import: their administrators; a superuser all."""
    return list_administered_communities(user) if isinstance(user, User) else Community.objects.none()


def sees_any_community(request: HttpRequest) -> bool:
    """Is there a community that this person may look at? Every entry of the menu asks; the database is asked once a request."""
    return _asked_once(request, list_visible_communities)


def manages_any_community(request: HttpRequest) -> bool:
    """Is there a community that this person administers? Asked once a request."""
    return _asked_once(request, list_managed_communities)


def _asked_once(request: HttpRequest, list_communities: Callable[[Person], QuerySet[Community]]) -> bool:
    answers: dict[str, bool] = request.__dict__.setdefault("_answers_about_communities", {})
    question = list_communities.__name__
    if any(request.user.__dict__.get("_answers_about_managed", {}).values()):
        return True  # who administers one sees one
    if question not in answers:
        answers[question] = list_communities(request.user).exists()
    return answers[question]


def list_visible_configurations(user: Person) -> QuerySet[Configuration]:
    return Configuration.objects.filter(community__in=list_visible_communities(user)).select_related("community")


def list_managed_configurations(user: Person) -> QuerySet[Configuration]:
    return Configuration.objects.filter(community__in=list_managed_communities(user)).select_related("community")


def list_visible_runs(user: Person) -> QuerySet[SettlementRun]:
    return SettlementRun.objects.filter(configuration__community__in=list_visible_communities(user))


def manages(user: Person, community_id: int) -> bool:
    """Does this person administer the community? Asked once a request: whoever logs in is another object at the next."""
    answers: dict[int, bool] = user.__dict__.setdefault("_answers_about_managed", {})
    if community_id not in answers:
        answers[community_id] = list_managed_communities(user).filter(pk=community_id).exists()
    return answers[community_id]


def may_decide(user: Person, run: SettlementRun) -> bool:
    """May this person start, retry and approve runs of this community? An accountant may only look."""
    return manages(user, run.configuration.community_id)


def get_visible_run(user: Person, run_id: int) -> SettlementRun:
    """A run of a community of this person. For everybody else it does not exist (404)."""
    runs = list_visible_runs(user).select_related(
        "configuration__community", "opened_by", "computed_by", "approved_by", "issued_by"
    )
    try:
        return runs.get(pk=run_id)
    except SettlementRun.DoesNotExist:
        raise Http404 from None


def of_visible_run(*methods: str, decides: bool = False) -> Callable[[RunView], RunView]:
    """A view of one run: 404 first whatever the method, then 405, then 403 for who may look but not decide."""

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, run_id: int, **named: Any) -> HttpResponseBase:
            run = get_visible_run(request.user, run_id)
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if decides and not may_decide(request.user, run):
                raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
            return view(request, run, **named)

        return guarded

    return decorate


def only(*methods: str) -> Callable[[RunView], RunView]:
    """A view that answers these methods and no other."""

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, **named: Any) -> HttpResponseBase:
            return view(request, **named) if request.method in methods else HttpResponseNotAllowed(methods)

        return guarded

    return decorate
