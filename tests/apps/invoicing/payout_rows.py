"""Communities with issued runs whose ledger says what a test wants."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from stdnum import iban as stdnum_iban

from apps.accounts.models import User
from apps.communities.models import Community, Configuration, Member, Membership
from apps.invoicing.models import PayoutBatch
from apps.invoicing.payouts import booking, operations
from apps.invoicing.payouts.plan import Plan, list_payable_runs, plan_batch
from apps.settlement.models import ContributionTotal, LedgerEntry, SettlementRun
from tasks.payouts import make_payout_file

NOW = datetime(2023, 6, 1, 8, 0, tzinfo=UTC)
TODAY = date(2023, 6, 1)


def make_user(name: str) -> User:
    return User.objects.filter(name=name.title()).first() or User.objects.create_user(f"{name}@example.org", name=name.title())


def make_community(code: str = "CER-P") -> Configuration:
    community = Community.objects.create(code=code, name=f"Comunità {code}", tax_code="12345678903", iban=make_iban(0))
    number = Configuration.objects.count()
    return Configuration.objects.create(
        community=community, code=f"{code}-A", kind="cer", primary_substation=f"AC001E{number:05d}", starts_on=date(2023, 1, 1)
    )


def make_iban(number: int) -> str:
    rest = f"X{5428:05d}{11101:05d}{number:012d}"
    return "IT" + stdnum_iban.calc_check_digits(f"IT00{rest}") + rest


def make_member(configuration: Configuration, code: str, *, iban: str | None = None, left_on: date | None = None) -> Member:
    number = Member.objects.count() + 1
    member = Member.objects.create(
        community=configuration.community, code=code, name=f"Socio {code}", kind="household",
        iban=make_iban(number) if iban is None else iban,
    )  # fmt: skip
    Membership.objects.create(member=member, joined_on=date(2023, 1, 1), left_on=left_on)
    return member


@transaction.atomic
def issue(
    configuration: Configuration,
    cents: Mapping[Member, int],
    *,
    month: date = date(2023, 1, 1),
    kind: str = "provisional",
    corrects: SettlementRun | None = None,
    to_account: int = 0,
) -> SettlementRun:
    """An issued run whose premium is split as told, the rest to the account `management`."""
    version = SettlementRun.objects.filter(configuration=configuration, month=month, kind=kind).count() + 1
    at = NOW - timedelta(days=1)
    run = SettlementRun.objects.create(
        configuration=configuration, month=month, kind=kind, version=version, corrects=corrects, state="computed", opened_at=at,
        succeeded_at=at, inputs_sha256="1" * 64, result_sha256="2" * 64, computed_by=make_user("anna"),
    )  # fmt: skip
    total = sum(cents.values()) + to_account
    month_cents = None
    if corrects:
        runs = SettlementRun.objects.filter(state__in=SettlementRun.APPROVED_STATES)
        posted = ContributionTotal.objects.filter(run__in=runs.filter(corrects=corrects) | runs.filter(pk=corrects.pk))
        month_cents = total + sum(posted.values_list("amount_cents", flat=True))
    ContributionTotal.objects.create(run=run, contribution="premium", amount_cents=total, month_cents=month_cents)
    common = {"run": run, "contribution": "premium", "block_cents": total}
    rows = [LedgerEntry(position=0, block="deduction", account="management", cents=to_account, **common)]
    rows += [
        LedgerEntry(position=place, block="consumers", member=member, cents=value, **common)
        for place, (member, value) in enumerate(cents.items(), start=1)
    ]
    LedgerEntry.objects.bulk_create(rows)
    approval = {"approved_by": make_user("bruno"), "approved_at": at, "approved_sha256": run.result_sha256}
    SettlementRun.objects.filter(pk=run.pk).update(state="approved", **approval)
    SettlementRun.objects.filter(pk=run.pk).update(state="issued", issued_at=at)
    run.refresh_from_db()
    return run


def book(configuration: Configuration) -> None:
    booking.book_credits(community_id=configuration.community_id, as_of=NOW)


def plan(configuration: Configuration, runs: list[SettlementRun] | None = None) -> Plan:
    chosen = [run.pk for run in (list_payable_runs(configuration.community_id) if runs is None else runs)]
    return plan_batch(community_id=configuration.community_id, run_ids=chosen, today=TODAY)


def make_batch(configuration: Configuration, runs: list[SettlementRun] | None = None) -> PayoutBatch:
    """Anna's batch of these runs, or of all."""
    seen = plan(configuration, runs)
    return operations.make_batch(
        community_id=configuration.community_id, run_ids=seen.run_ids, execute_on=TODAY + timedelta(days=1),
        created_by=make_user("anna"), seen_sha256=seen.sha256, as_of=NOW,
    )  # fmt: skip


def send(batch: PayoutBatch) -> bytes:
    """The file made by the worker and handed out."""
    make_payout_file(batch.pk)
    return operations.hand_out_file(batch_id=batch.pk, downloaded_by=make_user("anna"), as_of=NOW)


def confirm(batch: PayoutBatch, by: str = "bruno") -> list[SettlementRun]:
    return operations.confirm_execution(
        batch_id=batch.pk, executed_by=make_user(by), executed_on=TODAY, reference="CRO 1", as_of=NOW
    )


def pay(configuration: Configuration, runs: list[SettlementRun] | None = None) -> PayoutBatch:
    """From the credits to the confirmed batch."""
    book(configuration)
    batch = make_batch(configuration, runs)
    send(batch)
    confirm(batch)
    batch.refresh_from_db()
    return batch


def send_back(batch: PayoutBatch, member: Member, code: str = "AC04") -> None:
    operations.note_return(
        transfer_id=batch.transfers.get(member=member).pk, returned_on=TODAY, code=code, returned_by=make_user("bruno"), as_of=NOW
    )
