"""The first letter to a new log-in: where its owner chooses a password. The key is allauth's own and serves once."""

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.http import HttpRequest

from apps.accounts.models import User


def send_invitation(request: HttpRequest, user: User, *, community: str) -> None:
    """Send the letter through Django's mail backend. Errors: `OSError` (smtplib's are) when the mail cannot be handed over."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    adapter = get_adapter(request)
    context = {"password_reset_url": adapter.get_reset_password_from_key_url(key), "community": community, "user": user}
    adapter.send_mail("account/email/invitation", user.email, context)
