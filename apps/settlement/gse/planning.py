"""What an import would do: which entries are new, already known, take the place of another, or are refused. Writes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from apps.communities.models import Community
from apps.settlement.gse.mapping import FileMapping
from apps.settlement.gse.reading import FileRead, PublicationEntry, ReceiptEntry, Refusal, read_file
from apps.settlement.gse.table_file import read_table
from apps.settlement.models import BankReceipt, GsePublication, GseTarget
from apps.settlement.units import eur

Place = tuple[int, date, str, str, int | None, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """`publications` come with the row that they take the place of (None: the first of its place), `receipts` with their
    occurrence. `known` counts entries that are stored already."""

    read: FileRead
    publications: tuple[tuple[PublicationEntry, int | None], ...] = ()
    receipts: tuple[tuple[ReceiptEntry, int], ...] = ()
    known: int = 0
    refusals: tuple[Refusal, ...] = ()
    before: dict[int, int] = field(default_factory=dict)  # number of a superseded publication -> its cents

    @property
    def superseding(self) -> int:
        return sum(1 for _entry, before in self.publications if before is not None)

    @property
    def new(self) -> int:
        return len(self.publications) + len(self.receipts) - self.superseding

    @property
    def shown(self) -> Sequence[object]:
        """All that a preview rests on: a confirmation holds as long as it is the same."""
        return [*self.publications, *self.receipts, self.known, *self.refusals, sorted(self.before.items())]


def plan_import(*, community: Community, content: bytes, mapping: FileMapping, today: date) -> Plan:
    """Read a file and hold it against what is stored. Errors: `FileRefused`, `MappingRefused`."""
    read = read_file(table=read_table(content, sheet=mapping.sheet), community=community, said=mapping)
    if mapping.target == GseTarget.RECEIPTS:
        return _plan_receipts(community, read, today)
    return _plan_publications(read, today)


def _plan_publications(read: FileRead, today: date) -> Plan:
    configurations = {entry.configuration for entry in read.publications}
    stored: dict[Place, list[GsePublication]] = {}
    for row in GsePublication.objects.filter(configuration__in=configurations).order_by("pk"):
        stored.setdefault((row.configuration_id, row.month, row.item, row.kind, row.plant_id, row.round), []).append(row)
    by_plant = {(*place[:4], place[5]): place[4] is not None for place in stored}
    chosen: list[tuple[PublicationEntry, int | None]] = []
    refusals = dict.fromkeys(read.refusals)
    lines: dict[Place, int] = {}
    before: dict[int, int] = {}
    known = 0
    for entry in read.publications:
        place: Place = (entry.configuration, entry.month, entry.item, entry.kind, entry.plant, entry.round)
        chain = stored.get(place, [])
        reason = _refuse_publication(entry, chain, lines.get(place), by_plant, today)
        if reason:
            refusals[Refusal(entry.line, reason)] = None
            continue
        lines[place] = entry.line
        by_plant[(*place[:4], place[5])] = entry.plant is not None
        if any((row.cents, row.published_on) == (entry.cents, entry.published_on) for row in chain):
            known += 1
        elif chain:
            before[chain[-1].pk] = chain[-1].cents
            chosen.append((entry, chain[-1].pk))
        else:
            chosen.append((entry, None))
    return _without_half_rows(Plan(read, tuple(chosen), (), known, tuple(sorted(refusals)), before))


def _refuse_publication(
    entry: PublicationEntry,
    chain: list[GsePublication],
    earlier_line: int | None,
    by_plant: Mapping[tuple[int, date, str, str, str], bool],
    today: date,
) -> str:
    if entry.published_on > today:
        return _("%(day)s has not come yet: nothing can have been published then.") % {"day": f"{entry.published_on:%d/%m/%Y}"}
    if earlier_line is not None:
        return _(
            "Line %(line)s has the same month, contribution and kind. If the amounts are of several plants, map the plant; "
            "if one of them is wrong, correct the file."
        ) % {"line": earlier_line}
    level = by_plant.get((entry.configuration, entry.month, entry.item, entry.kind, entry.round))
    if level is not None and level != (entry.plant is not None):
        return _("The same month is already there per plant and as a whole: it would count twice. Keep to one of the two.")
    if chain and entry.published_on < chain[-1].published_on:
        same = any((row.cents, row.published_on) == (entry.cents, entry.published_on) for row in chain)
        if not same:
            return _("A publication of %(day)s (%(amount)s €) is already there and is newer.") % {
                "day": f"{chain[-1].published_on:%d/%m/%Y}",
                "amount": eur(chain[-1].cents),
            }
    return ""


def _without_half_rows(plan: Plan) -> Plan:
    """A row with several amounts of which one is refused is left out whole."""
    refused = {refusal.line for refusal in plan.refusals}
    kept = tuple((entry, before) for entry, before in plan.publications if entry.line not in refused)
    return Plan(plan.read, kept, (), plan.known, plan.refusals, plan.before)


def _plan_receipts(community: Community, read: FileRead, today: date) -> Plan:
    stored = BankReceipt.objects.filter(community=community, supersedes=None)
    known_times = Counter((row.value_date, row.cents, row.reference) for row in stored)
    bare = {(row.value_date, row.cents, bool(row.reference)) for row in stored}
    times: Counter[tuple[date, int, str]] = Counter()
    chosen: list[tuple[ReceiptEntry, int]] = []
    refusals = list(read.refusals)
    known = 0
    for entry in read.receipts:
        identity = (entry.value_date, entry.cents, entry.reference)
        if entry.value_date > today:
            day = f"{entry.value_date:%d/%m/%Y}"
            refusals.append(Refusal(entry.line, _("%(day)s has not come yet: nothing can have arrived then.") % {"day": day}))
            continue
        times[identity] += 1
        if times[identity] <= known_times[identity]:
            known += 1
        elif (entry.value_date, entry.cents, not entry.reference) in bare:
            reason = _(
                "The same day and amount are already there, once with and once without reference. It is taken for the same."
            )
            refusals.append(Refusal(entry.line, reason))
        else:
            chosen.append((entry, times[identity]))
    return Plan(read, (), tuple(chosen), known, tuple(sorted(refusals)))
