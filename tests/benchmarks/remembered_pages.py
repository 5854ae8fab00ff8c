"""The limit of the portal's benchmark as a WSGI application: the bytes of the same pages, through the same server and the same
middleware, without a query and without a template.

`REMEMBERED_PAGES` names a JSON file: address -> [type of the content, content in base64].
"""

import json
import os
from base64 import b64decode
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
settings.ROOT_URLCONF = __name__
application = get_wsgi_application()


@cache
def _pages() -> dict[str, tuple[str, bytes]]:
    pages = json.loads(Path(os.environ["REMEMBERED_PAGES"]).read_text())
    return {address: (kind, b64decode(content)) for address, (kind, content) in pages.items()}


def page(request: HttpRequest) -> HttpResponse:
    kind, content = _pages()[request.path]
    return HttpResponse(content, content_type=kind)


urlpatterns = [re_path("", page)]
