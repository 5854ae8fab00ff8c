"""What was paid to members, for the journal: transfers that were executed, those that came back, runs paid by other means.

An account of a member is one, the books keep one per contribution (RO p.39). So a transfer settles what each contribution still
owes, told from the ledger entries behind the credits that came before it, less what earlier transfers settled. The movements are
append-only, so the answer is the same whenever it is asked.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from django.db.models import Sum

from apps.engine.money import allocate
from apps.invoicing.accountancy.chart import BANK, CONTRIBUTIONS, members_key
from apps.invoicing.accountancy.journal_nouns import Posting
from apps.invoicing.accountancy.scope import Scope
from apps.invoicing.models import AccountMovement
from apps.settlement.models import LedgerEntry

Kind = AccountMovement.Kind
Cents = dict[str, int]  # by contribution
_OF_RUNS = {Kind.CREDIT: 1, Kind.OUTSIDE: -1}  # movements that say what a run posted, or take it back
_PAID = (Kind.TRANSFER, Kind.RETURN, Kind.OUTSIDE)


class Payments:
    """Each movement of money is a document: out of the bank, against what the contributions owed to the member."""

    name = "payments"

    def freeze(self, scope: Scope) -> list[int]:
        if scope.configuration is not None:  # one transfer pays a member for all configurations of the community
            return []
        paid = AccountMovement.objects.filter(member__community=scope.community, kind__in=_PAID)
        days = paid.filter(day__gte=scope.first_day, day__lte=scope.last_day)
        return list(days.order_by("day", "member__code", "pk").values_list("pk", flat=True))

    def iterate_postings(self, frozen: Sequence[int]) -> Iterator[Posting]:
        rows = AccountMovement.objects.select_related("member", "transfer", "run__configuration").defer("transfer__iban")
        movements = rows.in_bulk(list(frozen))
        settled = settle_movements({movement.member_id for movement in movements.values()})
        for number in frozen:
            yield from _postings_of(movements[number], settled[number])


def settle_movements(member_ids: set[int]) -> Mapping[int, Cents]:
    """What every movement of these members changes in each contribution's account of theirs: the parts sum to its cents."""
    movements = list(AccountMovement.objects.filter(member__in=member_ids).select_related("transfer").order_by("pk"))
    posted = _posted({movement.run_id for movement in movements if movement.run_id})
    owed: dict[int, Cents] = defaultdict(lambda: dict.fromkeys(CONTRIBUTIONS, 0))
    out: dict[int, Cents] = {}
    settled: dict[int, Cents] = {}
    for movement in movements:
        account = owed[movement.member_id]
        sign = _OF_RUNS.get(Kind(movement.kind))
        if sign is not None:
            change = {name: sign * cents for name, cents in posted[movement.run_id, movement.member_id].items()}
        elif movement.kind == Kind.RETURN:
            change = {name: -cents for name, cents in out[movement.transfer_id or 0].items()}
        else:
            change = out[movement.transfer_id or 0] = _paid_of(account, movement.cents)
        for name, cents in change.items():
            account[name] += cents
        settled[movement.pk] = change
    return settled


def _posted(run_ids: set[int | None]) -> dict[tuple[int | None, int], Cents]:
    rows = (
        LedgerEntry.objects.filter(run__in=run_ids, member__isnull=False).order_by().values_list("run", "member", "contribution")
    )
    found: dict[tuple[int | None, int], Cents] = defaultdict(dict)
    for run_id, member_id, contribution, cents in rows.annotate(Sum("cents")):
        found[run_id, member_id][contribution] = int(cents)
    return found


def _paid_of(account: Cents, cents: int) -> Cents:
    """How an amount that leaves (below zero) settles the contributions.

    All that is owed, where it is that; else, because a part was held back, in proportion to what is owed, by largest remainder.
    """
    if sum(account.values()) == -cents:
        return {name: -owed for name, owed in account.items()}
    names = list(account)
    weights = [max(account[name], 0) for name in names]
    parts = allocate(cents, weights if any(weights) else [1] * len(weights))
    return dict(zip(names, parts, strict=True))


def _postings_of(movement: AccountMovement, settled: Cents) -> Iterator[Posting]:
    member = movement.member
    if movement.transfer is not None:
        back = movement.kind == Kind.RETURN
        document = f"{movement.transfer.end_to_end_id}{'/R' if back else ''}"
        text = f"Bonifico restituito ({movement.transfer.return_code})" if back else "Bonifico al socio"
    else:
        run = movement.run
        document = f"{run.configuration.code}/{run.month_text}/{run.kind}/v{run.version}/{member.code}" if run else ""
        text = "Pagamento al socio fuori distinta"
    for contribution in CONTRIBUTIONS:
        if cents := settled.get(contribution, 0):
            yield Posting(movement.day, document, members_key(contribution), -cents, text, contribution, member.code, member.name)
    yield Posting(movement.day, document, BANK, movement.cents, text, "", member.code, member.name)
