"""How allauth behaves here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitationOnlyAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: administrators create the log-ins of members."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
