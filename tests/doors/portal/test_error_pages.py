"""When something is wrong the page stays calm, in our look, and needs neither a user nor a database to say so."""

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.views import defaults

PAGES = ("400", "403", "403_csrf", "404", "429", "500", "503")


@pytest.mark.parametrize("name", PAGES)
def test_every_error_page_stands_alone(name):
    page = render_to_string(f"{name}.html")
    assert '<html lang="it">' in page
    assert page.count("<h1") == 1
    assert "portal/portal.css" in page
    assert "<script" not in page


def test_a_server_error_is_shown_without_a_database():
    answer = defaults.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Qualcosa non ha funzionato" in answer.content.decode()


def test_an_address_that_leads_nowhere_gets_our_page(db):
    answer = Client().get("/nessuno/")
    assert answer.status_code == 404
    assert "Qui non c&#x27;è nulla" in answer.content.decode() or "Qui non c'è nulla" in answer.content.decode()
