"""Small rows for tests of runs: one community, one configuration, two members, a computed run with closed sums."""

from datetime import UTC, date, datetime

from apps.accounts.models import User
from apps.communities.models import Community, Configuration, Member
from apps.settlement.models import ContributionTotal, LedgerEntry, SettlementRun

AS_OF = datetime(2023, 4, 3, 10, 0, tzinfo=UTC)
MONTH = date(2023, 3, 1)


def make_user(name: str) -> User:
    return User.objects.create_user(f"{name}@example.org", name=name.title())


def make_configuration(code: str = "CER-T-A") -> Configuration:
    community, _ = Community.objects.get_or_create(code="CER-T", defaults={"name": "CER di prova", "tax_code": "12345678903"})
    return Configuration.objects.create(
        community=community, code=code, kind="cer", primary_substation="AC001E00001", starts_on=date(2023, 1, 1)
    )


def make_member(configuration: Configuration, code: str) -> Member:
    return Member.objects.create(community=configuration.community, code=code, name=f"Socio {code}", kind="household")


def make_computed_run(configuration: Configuration, *, computed_by: User | None = None, version: int = 1) -> SettlementRun:
    """A computed run of 10.00 € premium: 3.00 to an account, 7.00 to two members."""
    run = SettlementRun.objects.create(
        configuration=configuration,
        month=MONTH,
        kind="provisional",
        version=version,
        state="computed",
        opened_at=AS_OF,
        computed_by=computed_by,
        succeeded_at=AS_OF,
        inputs_sha256="1" * 64,
        result_sha256="2" * 64,
    )
    members = [make_member(configuration, f"M{version}{i}") for i in range(2)]
    ContributionTotal.objects.create(run=run, contribution="premium", amount_cents=1000)
    common = {"run": run, "contribution": "premium", "block_cents": 1000}
    LedgerEntry.objects.bulk_create(
        [
            LedgerEntry(position=0, block="deduction", account="management", cents=300, **common),
            LedgerEntry(position=1, block="consumers", member=members[0], cents=400, **common),
            LedgerEntry(position=2, block="consumers", member=members[1], cents=300, **common),
        ]
    )
    return run
