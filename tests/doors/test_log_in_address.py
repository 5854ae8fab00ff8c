"""Nobody changes the address they log in with: it decides whose statements they see."""

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.apps.settlement.rows import make_user


@pytest.mark.django_db
def test_a_member_cannot_take_another_address() -> None:
    user = make_user("anna")
    client = Client()
    client.force_login(user)
    for method in (client.get, client.post):
        assert method("/account/email/", {"email": "bruno@example.org", "action_add": ""}).status_code == 404
    assert User.objects.get().email == "anna@example.org"
