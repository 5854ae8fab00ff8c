"""The account of a member, as the member reads it: newest line first, each credit a link to its month."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.communities.models import Member
from apps.invoicing.payouts.accounts import AccountLine, get_account
from apps.settlement.models import MemberResult
from reports import account_csv
from reports.documents.account import AccountDocument, AccountRow


@dataclass(frozen=True, slots=True)
class AccountPage:
    """The lines with the address of their month, and what is owed today."""

    lines: Sequence[tuple[AccountLine, int | None]]
    balance_cents: int


def get_account_page(member: Member) -> AccountPage:
    """Two queries, whatever the history."""
    lines = get_account(member_id=member.pk)
    results = MemberResult.objects.filter(member=member, run__in={line.run_id for line in lines if line.run_id})
    month_of = dict(results.values_list("run", "pk"))
    shown = [(line, month_of.get(line.run_id or 0)) for line in reversed(lines)]
    return AccountPage(lines=shown, balance_cents=lines[-1].balance_cents if lines else 0)


def export_account(member: Member) -> bytes:
    """The account as CSV, oldest line first."""
    rows = tuple(AccountRow(line.day, line.text, line.cents, line.balance_cents) for line in get_account(member_id=member.pk))
    return account_csv.render(AccountDocument(member.code, member.name, rows))
