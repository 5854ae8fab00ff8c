"""One random community, settled, approved and issued in a database of its own, with all that leaves the house about its money."""

import io
import json
import random
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command

from apps.accounts.models import User
from apps.communities.models import Community, Configuration, Member
from apps.invoicing.models import IssuedDocument
from apps.invoicing.operations import freeze_documents
from apps.settlement import operations
from apps.settlement.archive import read_file
from apps.settlement.models import LedgerEntry, SettlementRun
from fixtures.random_community import Shape, build
from reports.documents.transfers import Payment, TransferBatch
from reports.sepa import render_pain001
from tasks.exports import render_documents
from tasks.settlement import settle_month

AS_OF = datetime(2025, 2, 3, 8, 0, tzinfo=UTC)


@dataclass
class Issued:
    """What was issued about one run. `frozen` and `pdfs` by member code."""

    run: SettlementRun
    frozen: dict[str, dict[str, Any]]
    pdfs: dict[str, bytes]
    workbook: bytes
    transfers: bytes  # empty when nobody gets anything


def draw_shape(seed: int) -> Shape:
    """Any kind, any month of the years whose values are known, people who come and go, hours that nobody measured."""
    chance = random.Random(seed)
    kind = chance.choice(("cer", "cer", "cer", "group", "remote_self_consumer"))
    year = 2024 if kind == "group" else chance.choice((2022, 2023, 2024))
    pods = chance.randint(4, 12)
    return Shape(
        pods=pods,
        month=date(year, chance.randint(1, 12), 1),
        seed=seed,
        plants=chance.randint(1, 3),
        kind=kind,
        joins=chance.randint(0, 1),
        leaves=chance.randint(0, 1),
        moves=chance.randint(0, 1),
        negative_prices=chance.random() < 0.3,
        missing_hours=chance.choice((0, 0, chance.randint(1, 40))),
    )


def make(seed: int) -> Issued:
    """Import, settle, approve, freeze, print, and write the bank's file."""
    shape = draw_shape(seed)
    _import(shape)
    run = operations.open_run(
        configuration=Configuration.objects.get(),
        month=shape.month,
        kind="provisional" if shape.missing_hours else "final",
        opened_by=None,
        as_of=AS_OF,
    )
    settle_month(run.pk)
    run.refresh_from_db()
    if run.state != SettlementRun.State.COMPUTED:
        raise AssertionError(f"{shape} was not settled: {run.error}")
    approver = User.objects.create_user("bruno@example.org", name="Bruno")
    operations.approve_run(run_id=run.pk, approved_by=approver, seen_sha256=run.result_sha256, as_of=AS_OF)
    render_documents(freeze_documents(run_id=run.pk, as_of=AS_OF))
    run.refresh_from_db()
    if run.state != SettlementRun.State.ISSUED:
        raise AssertionError(f"{shape} was not issued: {list(run.documents.values_list('reference', 'error'))}")
    documents = list(IssuedDocument.objects.filter(run=run).select_related("member"))
    statements = [(document.member.code, document) for document in documents if document.member]
    (workbook,) = (document for document in documents if document.kind == IssuedDocument.Kind.WORKBOOK)
    return Issued(
        run=run,
        frozen={code: json.loads(document.frozen) for code, document in statements},
        pdfs={code: read_file(document.path, sha256=document.sha256) for code, document in statements},
        workbook=read_file(workbook.path, sha256=workbook.sha256),
        transfers=write_transfers(run),
    )


def write_transfers(run: SettlementRun, extra: dict[str, int] | None = None) -> bytes:
    """The bank's file of what the ledger gives to each member, where that is above zero; `extra` are cents on top, per code."""
    owed: dict[str, int] = {}
    for code, cents in LedgerEntry.objects.filter(run=run, member__isnull=False).values_list("member__code", "cents"):
        owed[code] = owed.get(code, 0) + cents
    for code, cents in (extra or {}).items():
        owed[code] += cents
    members = {member.code: member for member in Member.objects.all()}
    payments = tuple(
        Payment(
            end_to_end_id=f"{run.pk}/{code}",
            name=members[code].name,
            iban=members[code].iban,
            cents=cents,
            text=f"Rendiconto {run.month:%m/%Y}",
        )
        for code, cents in sorted(owed.items())
        if cents > 0
    )
    if not payments:
        return b""
    community = Community.objects.get()
    return render_pain001(
        TransferBatch(
            message_id=f"RUN-{run.pk}",
            created_at=AS_OF,
            execute_on=AS_OF.date(),
            debtor_name=community.name,
            debtor_iban=community.iban,
            payments=payments,
        )
    )


def _import(shape: Shape) -> None:
    community = build(shape)
    with tempfile.TemporaryDirectory(prefix="totals-") as folder:
        directory = Path(folder)
        (directory / "community.json").write_text(json.dumps(community.community_json()), encoding="utf-8")
        community.write_measures_csv(directory / "measures.csv")
        community.write_prices_csv(directory / "prices.csv")
        for name in ("community.json", "prices.csv", "measures.csv"):
            call_command(f"import_{name.partition('.')[0]}", str(directory / name), "--json", stdout=io.StringIO())
