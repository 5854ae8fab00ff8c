"""Rows for the portal's tests, written straight into the tables: communities, members, approved months, stored statements."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from math import cos, pi

import numpy as np
from django.contrib.auth.hashers import make_password
from django.db import transaction

from apps.accounts.models import User
from apps.communities.models import Community, Configuration, Member
from apps.engine.calendar import month_days
from apps.invoicing.models import IssuedDocument
from apps.settlement.archive import store_file
from apps.settlement.models import ContributionTotal, LedgerEntry, MemberResult, PointResult, SettlementRun

PASSWORD = "una-password-lunga-3"
HASH = "a" * 64
STATES_ON_THE_WAY = {"approved": (), "issued": ("issued",), "paid": ("issued", "paid"), "reversed": ("issued", "reversed")}


def make_user(email: str, **fields: object) -> User:
    """A log-in with `PASSWORD`, hashed once for all: hashing is slow on purpose."""
    return User.objects.create(email=email, password=_hashed(), **fields)


@cache
def _hashed() -> str:
    return make_password(PASSWORD)


def make_configuration(code: str = "CER-ALBA", name: str = "CER Alba") -> Configuration:
    community, _ = Community.objects.get_or_create(
        code=code, defaults={"name": name, "tax_code": "01234567890", "contact_email": "soci@example.org"}
    )
    number = Configuration.objects.count() + 1
    return Configuration.objects.create(
        community=community,
        code=f"{code}-{chr(64 + community.configurations.count() + 1)}",
        kind="cer",
        primary_substation=f"AC001E{number:05d}",
        starts_on=date(2020, 1, 1),
    )


def make_member(configuration: Configuration, code: str, user: User | None = None, **fields: object) -> Member:
    defaults = {"name": f"Socio {code}", "kind": Member.Kind.HOUSEHOLD, "user": user} | fields
    return Member.objects.create(community=configuration.community, code=code, **defaults)


@transaction.atomic  # the sums are checked at commit
def make_month(
    configuration: Configuration,
    month: date,
    members: Sequence[Member],
    *,
    producers: Sequence[Member] = (),
    kind: str = "provisional",
    version: int = 1,
    state: str = "approved",
    missing_hours: int = 0,
) -> SettlementRun:
    """A month in which every member consumes and shares, and the producers inject. `state` may be any settled state."""
    as_of = datetime(month.year + month.month // 12, month.month % 12 + 1, 8, 9, tzinfo=UTC)
    run = SettlementRun.objects.create(
        configuration=configuration,
        month=month,
        kind=kind,
        version=version,
        state=SettlementRun.State.COMPUTED,
        opened_at=as_of,
        succeeded_at=as_of,
        inputs_sha256=HASH,
        result_sha256=HASH,
        rules_version="2024.1",
        code_version="0.1",
    )
    days = {member.pk: _days(month, seed=i, injects=member in producers) for i, member in enumerate(members)}
    shared = {member.pk: int(days[member.pk][2].sum()) for member in members}
    injected = {member.pk: int(days[member.pk][1].sum()) for member in members}
    _pay(run, members, shared, injected)
    for number, member in enumerate(members):
        _point(run, member, f"IT001E{number + 1:08d}", days[member.pk], missing_hours)
    if state != "computed":
        approve(run)
        for step in STATES_ON_THE_WAY[state]:
            if step == "reversed":
                _take_back(run)
            SettlementRun.objects.filter(pk=run.pk).update(state=step, **_said_with(step, run))
    run.refresh_from_db()
    return run


def _take_back(run: SettlementRun) -> None:
    """An approved reversal without rows: what the database asks for before a run becomes reversed."""
    run.refresh_from_db()
    SettlementRun.objects.create(
        configuration=run.configuration,
        month=run.month,
        kind="reversal",
        version=1,
        corrects=run,
        state="approved",
        opened_at=run.opened_at,
        succeeded_at=run.succeeded_at,
        approved_at=run.approved_at,
        approved_by=run.approved_by,
        inputs_sha256=HASH,
        result_sha256=HASH,
        approved_sha256=HASH,
    )


def _said_with(step: str, run: SettlementRun) -> dict[str, object]:
    """What the database wants to know with a step."""
    if step == "issued":
        return {"issued_at": run.succeeded_at}
    if step == "paid":
        payer = User.objects.get(email="presidente@example.org")
        return {"paid_by": payer, "paid_at": run.succeeded_at, "paid_on": run.month, "payment_reference": "CRO 1"}
    return {}


def approve(run: SettlementRun) -> None:
    """From here on the run is history: the database refuses to change its rows."""
    approver, _ = User.objects.get_or_create(email="presidente@example.org", defaults={"is_staff": True})
    approval = {"approved_by": approver, "approved_at": run.succeeded_at, "approved_sha256": run.result_sha256}
    SettlementRun.objects.filter(pk=run.pk).update(state="approved", **approval)


def make_statement(
    run: SettlementRun, member: Member, *, content: bytes | None = b"%PDF-1.7 prova", state: str = "ready"
) -> IssuedDocument:
    """A statement; ready ones lie in the store as a worker would have put them there."""
    kind = "" if run.kind == run.Kind.PROVISIONAL else "-final"
    document = IssuedDocument.objects.create(
        run=run,
        kind=IssuedDocument.Kind.STATEMENT,
        member=member,
        reference=f"{run.configuration.code}/{run.month_text}/v{run.version}{kind}/{member.code}",
        frozen='{"secret": "content"}',
        created_at=run.opened_at,
    )
    if state == "ready" and content is not None:
        path = f"documents/test/{document.pk}.pdf"
        document.path, document.sha256 = path, store_file(path, content)
        document.size_bytes, document.rendered_at = len(content), run.opened_at
        assert document.sha256 == hashlib.sha256(content).hexdigest()
    document.state = state
    document.save(update_fields=["state", "path", "sha256", "size_bytes", "rendered_at"])  # what it says is frozen
    return document


def result_of(run: SettlementRun, member: Member) -> MemberResult:
    return MemberResult.objects.get(run=run, member=member)


def _days(month: date, *, seed: int, injects: bool) -> np.ndarray:
    """(4, days) Wh: more sun in summer, more consumption in winter, some cloudy days."""
    count = len(month_days(month.year, month.month))
    chance = np.random.default_rng(month.year * 100 + month.month + 1000 * seed)
    summer = (1 - cos((month.month - 0.5) / 12 * 2 * pi)) / 2
    sun = (0.25 + 0.75 * summer) * chance.uniform(0.3, 1.0, count)
    withdrawn = ((9_000 - 3_500 * summer) * chance.uniform(0.75, 1.3, count)).astype(np.int64)
    shared = (withdrawn * np.minimum(0.62, sun * 0.7)).astype(np.int64)
    injected = (sun * 310_000).astype(np.int64) if injects else np.zeros(count, np.int64)
    taken = (injected * 0.41).astype(np.int64)
    return np.stack([withdrawn, injected, shared, taken])


def _pay(run: SettlementRun, members: Sequence[Member], shared: dict[int, int], injected: dict[int, int]) -> None:
    """Premium: 10 % to management, the rest half to producers (or to consumers alone); valorisation to consumers."""
    total_shared = sum(shared.values())
    pools = {"premium": total_shared * 12 // 1000, "valorisation": total_shared * 85 // 100_000, "excess": 0}
    ContributionTotal.objects.bulk_create(
        ContributionTotal(run=run, contribution=name, amount_cents=cents) for name, cents in pools.items()
    )
    entries: list[LedgerEntry] = []
    paid = {(member.pk, name): 0 for member in members for name in pools}

    def post(contribution: str, block: str, block_cents: int, key: str, weights: dict[int, int]) -> None:
        left = block_cents
        holders = [pk for pk, weight in weights.items() if weight]
        for pk in holders:
            cents = left if pk == holders[-1] else block_cents * weights[pk] // sum(weights.values())
            left -= cents
            paid[pk, contribution] += cents
            entries.append(
                LedgerEntry(
                    run=run, position=len(entries), contribution=contribution, block=block, member_id=pk, cents=cents,
                    block_cents=block_cents, key=key, weight=weights[pk], weight_total=sum(weights.values()),
                )
            )  # fmt: skip

    deduction = pools["premium"] // 10
    entries.append(
        LedgerEntry(
            run=run, position=0, contribution="premium", block="deduction", account="management", cents=deduction,
            block_cents=pools["premium"], percent=10,
        )
    )  # fmt: skip
    rest = pools["premium"] - deduction
    producers = rest // 2 if any(injected.values()) else 0
    post("premium", "producers", producers, "injected", injected)
    post("premium", "consumers", rest - producers, "coincident", shared)
    post("valorisation", "consumers", pools["valorisation"], "coincident", shared)
    LedgerEntry.objects.bulk_create(entries)
    points = {member.pk: member for member in members}
    days = {pk: _days(run.month, seed=i, injects=injected[pk] > 0) for i, pk in enumerate(points)}
    MemberResult.objects.bulk_create(
        MemberResult(
            run=run,
            member_id=pk,
            injected_wh=injected[pk],
            withdrawn_wh=int(days[pk][0].sum()),
            shared_wh=shared[pk],
            incentivised_wh=int(days[pk][3].sum()),
            premium_cents=paid[pk, "premium"],
            valorisation_cents=paid[pk, "valorisation"],
            excess_cents=0,
        )
        for pk in points
    )


def _point(run: SettlementRun, member: Member, pod: str, days: np.ndarray, missing_hours: int) -> None:
    PointResult.objects.create(
        run=run,
        member=member,
        pod=pod,
        valid_from=date(2020, 1, 1),
        withdrawn_wh=int(days[0].sum()),
        injected_wh=int(days[1].sum()),
        shared_wh=int(days[2].sum()),
        missing_hours=missing_hours,
        days=np.ascontiguousarray(days, "<i8").tobytes(),
    )
