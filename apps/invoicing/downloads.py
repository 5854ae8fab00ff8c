"""Which statements a person may fetch, and their bytes. Every question names whose documents are meant."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from apps.invoicing.models import IssuedDocument
from apps.settlement.archive import read_file
from apps.settlement.models import SettlementRun


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement without its content: where it belongs, whether it can be had, and what its bytes must be."""

    document_id: int
    run_id: int
    configuration_code: str
    month: date
    version: int
    kind: str
    member_code: str
    is_ready: bool
    size_bytes: int
    path: str
    sha256: str


def list_statements(*, member_id: int, from_month: date, before: date) -> dict[int, Statement]:
    """The statements of one member for the months in `[from_month, before)`, by run; those still to be rendered too."""
    rows = _select(member_ids=[member_id], run__month__gte=from_month, run__month__lt=before)
    return {row.run_id: row for row in rows}


def get_statement(*, document_id: int, member_ids: Collection[int]) -> Statement | None:
    """A statement that can be downloaded, if it belongs to one of these members; otherwise None, whatever the reason."""
    rows = _select(member_ids=member_ids, pk=document_id, state=IssuedDocument.State.READY)
    return rows[0] if rows else None


def read_statement(statement: Statement) -> bytes:
    """The bytes as they were stored. Errors: `FileAltered` when they are gone or changed."""
    return read_file(statement.path, sha256=statement.sha256)


def _select(*, member_ids: Collection[int], **conditions: object) -> list[Statement]:
    """Columns only: the frozen content is large and encrypted, and nobody asks for it here."""
    rows = IssuedDocument.objects.filter(
        kind=IssuedDocument.Kind.STATEMENT,
        member__in=member_ids,
        run__state__in=SettlementRun.FROZEN_STATES,
        **conditions,
    ).values_list(
        "pk",
        "run_id",
        "run__configuration__code",
        "run__month",
        "run__version",
        "run__kind",
        "member__code",
        "state",
        "size_bytes",
        "path",
        "sha256",
    )
    return [
        Statement(
            document_id=pk,
            run_id=run_id,
            configuration_code=configuration,
            month=month,
            version=version,
            kind=kind,
            member_code=member,
            is_ready=state == IssuedDocument.State.READY,
            size_bytes=size,
            path=path,
            sha256=sha256,
        )
        for pk, run_id, configuration, month, version, kind, member, state, size, path, sha256 in rows
    ]
