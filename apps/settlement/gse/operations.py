"""The only writers of the GSE side of the money: files, mappings, assignments, notes and choices."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.communities.models import Community, Configuration
from apps.settlement.gse.errors import AssignmentRefused, MappingRefused, MatchRefused, NoteRefused
from apps.settlement.gse.mapping import FileMapping
from apps.settlement.gse.planning import Plan, plan_import
from apps.settlement.gse.queries import list_matches_in_force
from apps.settlement.models import (
    AmountsChoice,
    BankReceipt,
    ContributionKind,
    DifferenceNote,
    DifferenceSide,
    GseImport,
    GseMapping,
    GsePublication,
    ReceiptMatch,
)

IMPORT_LOCK = 7130  # advisory lock space: files and receipts of one community are dealt with one after the other
MAX_NOTE = 2000


@transaction.atomic
def import_file(
    *,
    community: Community,
    content: bytes,
    file_name: str,
    mapping: FileMapping,
    imported_by: User,
    as_of: datetime,
    seen: Callable[[Plan], bool] = lambda plan: True,
) -> tuple[Plan, GseImport | None]:
    """Bring in what is new in a file; refused rows are left out whole and kept with their reasons.

    Nothing is written, and the import is None, when `seen` says that the plan is not what was on the screen, or when the file
    says nothing new. Errors: `FileRefused`, `MappingRefused`.
    """
    _take_turns(community.pk)
    plan = plan_import(community=community, content=content, mapping=mapping, today=_local_day(as_of))
    if not (plan.publications or plan.receipts) or not seen(plan):
        return plan, None
    made = GseImport.objects.create(
        community=community,
        target=mapping.target,
        file_name=file_name[:255],
        file_sha256=hashlib.sha256(content).hexdigest(),
        mapping=mapping.to_json(),
        rows_read=plan.read.rows_read,
        rows_new=plan.new,
        rows_known=plan.known,
        rows_superseding=plan.superseding,
        refusals=[list(refusal) for refusal in plan.refusals],
        imported_by=imported_by,
        imported_at=as_of,
    )
    GsePublication.objects.bulk_create(
        GsePublication(
            configuration_id=entry.configuration,
            month=entry.month,
            item=entry.item,
            kind=entry.kind,
            plant_id=entry.plant,
            round=entry.round,
            cents=entry.cents,
            published_on=entry.published_on,
            reference=entry.reference,
            supersedes_id=before,
            brought_by=made,
            line=entry.line,
        )
        for entry, before in plan.publications
    )
    BankReceipt.objects.bulk_create(
        BankReceipt(
            community=community,
            configuration_id=entry.configuration,
            value_date=entry.value_date,
            cents=entry.cents,
            reference=entry.reference,
            payer=entry.payer,
            occurrence=occurrence,
            brought_by=made,
            line=entry.line,
        )
        for entry, occurrence in plan.receipts
    )
    return plan, made


@transaction.atomic
def save_mapping(*, community: Community, name: str, mapping: FileMapping, saved_by: User, as_of: datetime) -> GseMapping:
    """Keep a mapping under a name, in the place of one that had it. Errors: `MappingRefused` without a name."""
    name = " ".join(name.split())[:80]
    if not name:
        raise MappingRefused(_("The mapping has no name. Write one, so that you find it for the next file."))
    saved, _made = GseMapping.objects.update_or_create(
        community=community,
        target=mapping.target,
        name=name,
        defaults={"mapping": mapping.to_json(), "saved_by": saved_by, "saved_at": as_of},
    )
    return saved


@transaction.atomic
def assign_receipt(*, receipt_id: int, configuration: Configuration, assigned_by: User, as_of: datetime) -> BankReceipt:
    """Say which configuration a receipt pays: a new row that takes the place of the old one. Errors: `AssignmentRefused`."""
    receipt = _receipt_in_turn(receipt_id)
    if receipt.community_id != configuration.community_id:
        raise AssignmentRefused(_("The configuration is of another community. Choose one of this community."))
    if BankReceipt.objects.filter(supersedes=receipt).exists():
        raise AssignmentRefused(_("The receipt was assigned meanwhile. Look at it again."))
    if receipt.configuration_id == configuration.pk:
        return receipt
    return BankReceipt.objects.create(
        community=receipt.community,
        configuration=configuration,
        value_date=receipt.value_date,
        cents=receipt.cents,
        reference=receipt.reference,
        payer=receipt.payer,
        occurrence=receipt.occurrence,
        supersedes=receipt,
        brought_by=receipt.brought_by,
        line=receipt.line,
        assigned_by=assigned_by,
        assigned_at=as_of,
    )


@transaction.atomic
def match_receipt(
    *,
    receipt_id: int,
    says: str,
    publication_id: int | None,
    reason: str,
    seen_id: int | None,
    said_by: User,
    as_of: datetime,
) -> ReceiptMatch:
    """Say what a receipt pays: a row that takes the place of the last one about it, which stays.

    `seen_id` is the row that was on the screen, None for none. Errors: `MatchRefused`.
    """
    receipt = _receipt_in_turn(receipt_id)
    if receipt.configuration_id is None or BankReceipt.objects.filter(supersedes=receipt).exists():
        raise MatchRefused(_("The receipt is assigned to another configuration, or to none. Assign it first."))
    if not (reason := reason.strip()[:MAX_NOTE]):
        raise MatchRefused(_("The reason is missing. Write why the receipt pays this."))
    last = list_matches_in_force(receipt_ids=[receipt.pk]).first()
    if (last.pk if last else None) != seen_id:
        raise MatchRefused(_("Somebody said another thing about the receipt meanwhile. Look at it again."))
    pays = ReceiptMatch.Says(says) == ReceiptMatch.Says.PAYS
    published = GsePublication.objects.filter(pk=publication_id or 0, configuration=receipt.configuration_id)
    if pays and not published.exists():
        raise MatchRefused(_("GSE published no such amount for this configuration. Choose one of the list."))
    return ReceiptMatch.objects.create(
        receipt=receipt,
        says=says,
        publication_id=publication_id if pays else None,
        reason=reason,
        supersedes=last,
        said_by=said_by,
        said_at=as_of,
    )


@transaction.atomic
def explain_difference(
    *,
    configuration: Configuration,
    month: date,
    contribution: str,
    side: str,
    difference_cents: int,
    note: str,
    noted_by: User,
    as_of: datetime,
) -> DifferenceNote:
    """Note why a difference of so many cents is in order. The caller has shown that difference. Errors: `NoteRefused`."""
    note = note.strip()[:MAX_NOTE]
    if not note:
        raise NoteRefused(_("The explanation is empty. Write why the difference is in order."))
    if not difference_cents:
        raise NoteRefused(_("There is no difference to explain."))
    return DifferenceNote.objects.create(
        configuration=configuration,
        month=month.replace(day=1),
        contribution=ContributionKind(contribution),
        side=DifferenceSide(side),
        difference_cents=difference_cents,
        note=note,
        noted_by=noted_by,
        noted_at=as_of,
    )


@transaction.atomic
def choose_amounts(
    *, configuration: Configuration, valid_from: date, amounts_from: str, chosen_by: User, as_of: datetime
) -> AmountsChoice:
    """Say whose amounts are divided from a month on. Earlier choices stay as they were; the last one for a month holds."""
    return AmountsChoice.objects.create(
        configuration=configuration,
        valid_from=valid_from.replace(day=1),
        amounts_from=AmountsChoice.Source(amounts_from),
        chosen_by=chosen_by,
        chosen_at=as_of,
    )


def _receipt_in_turn(receipt_id: int) -> BankReceipt:
    """A receipt of which nobody else says anything until the commit. No row is locked: the application may not change these."""
    receipt = BankReceipt.objects.get(pk=receipt_id)
    _take_turns(receipt.community_id)
    return receipt


def _take_turns(community_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [IMPORT_LOCK, community_id])


def _local_day(as_of: datetime) -> date:
    return as_of.astimezone(timezone.get_default_timezone()).date()
