"""Where the doors are."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path

# The stock admin login knows neither rate limits nor second factors; allauth's does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def _not_here(request: HttpRequest) -> HttpResponse:
    """The address a person logs in with is the community's to change: it decides whose statements they see."""
    raise Http404


urlpatterns = [
    path("account/email/", _not_here),
    path("ceradmin/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("apps.portal.urls")),
]
