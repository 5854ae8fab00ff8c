"""Where the doors are."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# The stock admin login knows neither rate limits nor second factors; allauth's does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("ceradmin/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("apps.portal.urls")),
]
