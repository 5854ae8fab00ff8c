"""Bring the demo community in by the import commands, and give its people log-ins."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import call_command

from apps.accounts.models import User
from apps.communities.models import Community, Member, Role
from fixtures.demo import build

SEED = 2023
LOGO = Path(settings.BASE_DIR) / "fixtures" / "demo" / "logo.png"


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who can log in to the demo."""

    email: str
    name: str
    what: str
    password: str


def load_community(say: Callable[[str], None]) -> Community:
    """The demo community, imported once; a second call finds it."""
    demo = build(SEED)
    document = demo.community_json()
    code = document["community"]["code"]
    if (found := Community.objects.filter(code=code).first()) is not None:
        return found
    with TemporaryDirectory() as directory:
        folder = Path(directory)
        say("Writing a year of quarters of the demo community …")
        (folder / "community.json").write_text(json.dumps(document), encoding="utf-8")
        demo.write_measures_csv(folder / "measures.csv")
        demo.write_prices_csv(folder / "prices.csv")
        for command, name in (
            ("import_community", "community.json"),
            ("import_prices", "prices.csv"),
            ("import_measures", "measures.csv"),
        ):
            say(f"{command} {name} …")
            call_command(command, str(folder / name))
    community = Community.objects.get(code=code)
    community.logo = LOGO.read_bytes()
    community.save()
    return community


def make_logins(community: Community) -> list[Login]:
    """Two administrators (who computes may not approve), an accountant and two members; passwords are this installation's own."""
    household = _member(community, Member.Kind.HOUSEHOLD)
    producer = _member(community, Member.Kind.SME)
    people = [
        ("anna@demo.example", "Anna Ferrero", "amministratrice", Role.Kind.ADMINISTRATOR, None),
        ("bruno@demo.example", "Bruno Conti", "amministratore", Role.Kind.ADMINISTRATOR, None),
        ("carla@demo.example", "Carla Riva", "contabile", Role.Kind.ACCOUNTANT, None),
        ("socio@demo.example", household.name, f"socio {household.code}", None, household),
        ("impresa@demo.example", producer.name, f"socio {producer.code}", None, producer),
    ]
    passwords = _passwords([email for email, *_ in people])
    logins = []
    for email, name, what, role, member in people:
        user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
        user.is_staff = role is not None
        user.is_superuser = role == Role.Kind.ADMINISTRATOR
        user.set_password(passwords[email])
        user.save()
        if role is not None:
            Role.objects.get_or_create(user=user, community=community, defaults={"kind": role})
        if member is not None:
            Member.objects.filter(pk=member.pk).update(user=user)
        logins.append(Login(email=email, name=name, what=what, password=passwords[email]))
    return logins


def _member(community: Community, kind: str) -> Member:
    member = (
        Member.objects.filter(community=community, kind=kind, metering_points__valid_to__isnull=True).order_by("code").first()
    )
    if member is None:
        raise LookupError(f"The demo community has no member of kind {kind}: another community uses its code.")
    return member


def _passwords(emails: list[str]) -> dict[str, str]:
    """Random, made once per installation, kept where its other secrets are."""
    path = settings.DATA_DIR / "secrets" / "demo_passwords.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    passwords = {email: known.get(email) or secrets.token_urlsafe(9) for email in emails}
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(json.dumps(passwords))
    return passwords
