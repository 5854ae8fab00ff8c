"""The member's pages."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

app_name = "portal"


def _home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


urlpatterns = [path("", _home, name="home")]
