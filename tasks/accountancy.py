"""The workers' door to the accountant's files: frozen runs to the press, its bytes to the archive, the progress to the page."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, BinaryIO, TypeVar, get_type_hints

import msgspec
from celery import shared_task
from django.utils import timezone

from apps.engine.inputs import Contribution
from apps.invoicing.accountancy import ledger, operations
from apps.invoicing.accountancy.journal import iterate_journal
from apps.invoicing.accountancy.models import AccountingExport
from apps.invoicing.accountancy.scope import run_order
from apps.settlement.archive import hash_file, write_file
from apps.settlement.models import SettlementRun
from reports import accountancy_csv, accountancy_xlsx, benefits_pdf, benefits_xlsx, gse_members_csv
from reports.documents.accountancy import AccountRow, BooksDocument, MemberRow, MonthRow, MovementRow, RunFacts, Stream
from reports.documents.benefits import BenefitsDocument
from reports.documents.gse_members import GseMember, LegalType
from reports.documents.journal import JournalLine
from reports.documents.parties import Issuer

log = logging.getLogger(__name__)
Kind, Format = AccountingExport.Kind, AccountingExport.Format
Item = TypeVar("Item")
ABANDONED_AFTER = timedelta(minutes=10)
PROGRESS_EVERY = 5_000  # rows


@shared_task(name="accountancy.make_export")
def make_export(export_id: int) -> None:
    """Make one file that still waits. One that fails is marked; made twice, it has the same bytes."""
    export = AccountingExport.objects.select_related("community", "configuration", "run").get(pk=export_id)
    if export.state != AccountingExport.State.PENDING:
        return
    path = f"accounting/{export.community.code}/{export.pk}.{extension_of(export)}"
    try:
        write_file(path, lambda output: render(export, output))
    except Exception as error:
        log.exception("Export %s could not be made", export_id)
        operations.record_failure(export_id=export_id, reason=f"{type(error).__name__}: {error}")
        return
    sha256, size = hash_file(path)
    operations.record_export(export_id=export_id, path=path, sha256=sha256, size_bytes=size, as_of=timezone.now())


@shared_task(name="accountancy.resume_exports")
def resume_exports() -> None:
    """Look for files that should have been made by now, and have them made again."""
    for export_id in operations.list_waiting_exports(asked_before=timezone.now() - ABANDONED_AFTER):
        make_export.delay(export_id)


def extension_of(export: AccountingExport) -> str:
    """The books as CSV are an archive of one file per table."""
    return "zip" if (export.kind, export.format) == (Kind.BOOKS, Format.CSV) else str(export.format)


def render(export: AccountingExport, output: BinaryIO) -> None:
    """Write the file of an export, from what was frozen and the frozen runs."""
    if export.kind == Kind.GSE_MEMBERS:
        output.write(gse_members_csv.render(gse_members_from(json.loads(export.frozen)["members"])))
        return
    if export.kind == Kind.BENEFITS:
        report = benefits_pdf if export.format == Format.PDF else benefits_xlsx
        report.render(benefits_from(export), output)
        return
    press = accountancy_xlsx if export.format == Format.XLSX else accountancy_csv
    press.render(books_from(export, _report_to(export)), output)


def benefits_from(export: AccountingExport) -> BenefitsDocument:
    """Frozen values into the press's report, strictly typed."""
    hints = get_type_hints(BenefitsDocument)
    frozen = json.loads(export.frozen)
    return BenefitsDocument(
        issuer=_issuer(export), **{name: msgspec.convert(value, hints[name], strict=False) for name, value in frozen.items()}
    )


def gse_members_from(rows: Sequence[dict[str, Any]]) -> list[GseMember]:
    """Stored facts into the press's rows of GSE's list."""
    fields = GseMember.__dataclass_fields__
    return [
        GseMember(
            legal_type=LegalType(row["legal_type"]) if row["legal_type"] else None,
            **{name: value for name, value in row.items() if name in fields and name != "legal_type"},
        )
        for row in rows
    ]


class Progress:
    """Counts rows as they are written, and says so now and then."""

    def __init__(self, total: int, say: Callable[[int, int], None]) -> None:
        self.done, self.total, self._say = 0, total, say

    def counted(self, rows: Iterable[Item]) -> Iterator[Item]:
        for row in rows:
            self.done += 1
            if self.done % PROGRESS_EVERY == 0:
                self._say(min(self.done, self.total), self.total)
            yield row


def books_from(export: AccountingExport, say: Callable[[int, int], None] = lambda done, total: None) -> BooksDocument:
    """The press's document: small tables whole, large ones as functions that read the database row by row."""
    frozen = json.loads(export.frozen)
    runs = sorted(SettlementRun.objects.filter(pk__in=frozen["runs"]).select_related("configuration"), key=run_order)
    chart: dict[str, list[str]] = frozen["chart"]
    sums = ledger.sum_members(runs)
    entries = ledger.count_entries(runs)
    members, year_members = ledger.count_members(runs), ledger.count_year_members(runs)
    progress = Progress(2 * entries + members + year_members, say)  # the journal has about as many lines, read twice at most

    def lines() -> Iterator[JournalLine]:
        for posting in iterate_journal(frozen["journal"]):
            code, name = chart.get(posting.account_key, ["", posting.account_key])
            yield JournalLine(
                day=posting.day,
                document=posting.document,
                holder=posting.holder,
                debit_cents=max(posting.cents, 0),
                credit_cents=max(-posting.cents, 0),
                text=posting.text,
                contribution=Contribution(posting.contribution) if posting.contribution else None,
                name=posting.name,
                account_code=code,
                account_name=name,
            )

    return BooksDocument(
        issuer=_issuer(export),
        scope=_scope_text(export),
        first_day=export.first_day,
        last_day=export.last_day,
        months=tuple(_month(values) for values in ledger.list_months(runs)),
        accounts=tuple(_account(values, chart) for values in ledger.list_accounts(runs)),
        members=Stream(lambda: progress.counted(MemberRow(**row) for row in ledger.iterate_members(runs)), members),
        year_members=Stream(lambda: progress.counted(map(_year_member, ledger.iterate_year_members(runs))), year_members),
        movements=Stream(lambda: progress.counted(_movement(row, chart) for row in ledger.iterate_entries(runs)), entries),
        journal=Stream(lambda: progress.counted(lines()), 0),
        members_wh=(sums["injected_wh"], sums["withdrawn_wh"], sums["shared_wh"]),
        members_cents=(sums["premium_cents"], sums["valorisation_cents"], sums["excess_cents"]),
    )


def _run(values: dict[str, Any]) -> RunFacts:
    return RunFacts(**{name: values[name] for name in RunFacts.__dataclass_fields__})


def _month(values: dict[str, Any]) -> MonthRow:
    cents = {name: values[name] for name in ("amount_cents", "members_cents", "accounts_cents")}
    return MonthRow(run=_run(values), contribution=Contribution(values["contribution"]), **cents)


def _year_member(values: dict[str, Any]) -> MemberRow:
    return MemberRow(month=date(values.pop("year"), 1, 1), **values)


def _account(values: dict[str, Any], chart: dict[str, list[str]]) -> AccountRow:
    code, name = chart.get(values["account_key"], ["", values["account_key"]])
    kept = {field: values[field] for field in ("configuration", "month", "account", "cents")}
    return AccountRow(code=code, name=name, contribution=Contribution(values["contribution"]), **kept)


def _movement(values: dict[str, Any], chart: dict[str, list[str]]) -> MovementRow:
    kept = {
        field: values[field] for field in ("position", "block", "split_key", "member", "name", "account", "block_cents", "cents")
    }
    code = chart.get(values["account_key"], [""])[0]
    return MovementRow(run=_run(values), contribution=Contribution(values["contribution"]), code=code, **kept)


def _issuer(export: AccountingExport) -> Issuer:
    community = export.community
    return Issuer(community.name, community.tax_code, address=community.address, legal_form=community.legal_form)


def _scope_text(export: AccountingExport) -> str:
    """Whose books these are: the community, and the configuration or run that they are confined to."""
    parts = [export.community.name]
    if export.run is not None:
        parts.append(f"{export.run.configuration.code}, calcolo n. {export.run.pk}")
    elif export.configuration is not None:
        parts.append(export.configuration.code)
    return " – ".join(parts)


def _report_to(export: AccountingExport) -> Callable[[int, int], None]:
    return lambda done, total: operations.record_progress(export_id=export.pk, rows_done=done, rows_total=total)
