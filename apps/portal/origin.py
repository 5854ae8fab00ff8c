"""Where a member's euros come from, in a few sentences per contribution: what came in, what was set aside, which part is theirs.

Nothing is computed here but percentages for the eye; every amount is one of the ledger's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.portal.amounts import kwh, percent
from apps.settlement.models import LedgerEntry, MemberResult
from apps.settlement.models.ledger import ContributionKind

NAMES = {
    "premium": gettext_lazy("Tariffa premio"),
    "valorisation": gettext_lazy("Corrispettivo di valorizzazione"),
    "excess": gettext_lazy("Importo eccedentario"),
}
MEANINGS = {
    "premium": gettext_lazy("L'incentivo per l'energia che la comunità condivide grazie ai nuovi impianti."),
    "valorisation": gettext_lazy("Ciò che la rete risparmia, perché l'energia condivisa viene consumata dove nasce."),
    "excess": gettext_lazy("La parte del premio oltre la soglia di legge: va a chi non è impresa e a fini sociali."),
}
ACCOUNTS = {
    "management": gettext_lazy("gestione"),
    "reserve": gettext_lazy("riserva"),
    "social_fund": gettext_lazy("fondo sociale"),
    "undistributed": gettext_lazy("importi non ripartiti"),
}
# By (block, key): who shares this part, and in which proportion.
PARTS = {
    ("producers", "injected"): gettext_lazy("Ai produttori, in proporzione all'energia immessa"),
    ("producers", "incentivised"): gettext_lazy("Ai produttori, in proporzione all'energia incentivata"),
    ("producers", "equal"): gettext_lazy("Ai produttori, in parti uguali"),
    ("producers", "fixed"): gettext_lazy("Ai produttori, secondo quote fisse"),
    ("consumers", "coincident"): gettext_lazy("Ai consumatori, in proporzione all'energia condivisa"),
    ("consumers", "withdrawn"): gettext_lazy("Ai consumatori, in proporzione all'energia prelevata"),
    ("consumers", "equal"): gettext_lazy("Ai consumatori, in parti uguali"),
    ("consumers", "fixed"): gettext_lazy("Ai consumatori, secondo quote fisse"),
    ("no enterprises", "coincident"): gettext_lazy("Ai soci che non sono imprese, in proporzione all'energia condivisa"),
    ("no enterprises", "withdrawn"): gettext_lazy("Ai soci che non sono imprese, in proporzione all'energia prelevata"),
    ("no enterprises", "equal"): gettext_lazy("Ai soci che non sono imprese, in parti uguali"),
    ("no enterprises", "fixed"): gettext_lazy("Ai soci che non sono imprese, secondo quote fisse"),
}
ENERGY_KEYS = ("injected", "incentivised", "coincident", "withdrawn")


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence and its amount, if it tells one; `is_mine` when the amount goes to the member."""

    sentence: str
    cents: int | None = None
    is_mine: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """One contribution: what the member gets of it and how that came about."""

    contribution: str
    cents: int
    lines: Sequence[Line]

    @property
    def name(self) -> str:
        return str(NAMES[self.contribution])

    @property
    def meaning(self) -> str:
        return str(MEANINGS[self.contribution])


def list_origins(*, result: MemberResult) -> list[Origin]:
    """The three contributions of a member's month, two queries."""
    pools = dict(result.run.contributions.values_list("contribution", "amount_cents"))
    postings = Q(member=result.member_id) | Q(member__isnull=True)
    entries = list(LedgerEntry.objects.filter(postings, run=result.run_id).order_by("position"))
    origins = []
    for contribution in NAMES:
        mine = [entry for entry in entries if entry.contribution == contribution]
        cents = getattr(result, f"{contribution}_cents")
        lines = list_correction_lines(mine) if result.run.corrects_id else list_lines(pools.get(contribution, 0), mine)
        origins.append(Origin(contribution, cents, lines))
    return origins


def list_lines(pool_cents: int, entries: Sequence[LedgerEntry]) -> list[Line]:
    if not pool_cents:
        return [Line(_("Questo mese la comunità non ha ricevuto nulla per questa voce"))]
    lines = [Line(_("Riconosciuti a tutta la configurazione"), pool_cents)]
    for entry in entries:
        if entry.account:
            lines.append(Line(_account_sentence(entry), -entry.cents))
    mine = [entry for entry in entries if not entry.account]
    for entry in mine:
        block = "no enterprises" if entry.contribution == ContributionKind.EXCESS else entry.block
        lines.append(Line(str(PARTS.get((block, entry.key), _("Da dividere fra i soci"))), entry.block_cents))
        lines.append(Line(_share_sentence(entry), entry.cents, is_mine=True))
    if not mine:
        lines.append(Line(_("A te non spetta una parte di questa voce"), is_mine=True))
    return lines


def list_correction_lines(entries: Sequence[LedgerEntry]) -> list[Line]:
    """What holds for the whole month now and what was told before; an entry of a correction carries both."""
    lines = []
    for entry in entries:
        if not entry.account:
            lines.append(Line(_("Con i dati di oggi, per tutto il mese ti spettano"), entry.block_cents))
            lines.append(Line(_("Già comunicati per questo mese"), entry.cents - entry.block_cents))
            lines.append(Line(_("La differenza di questa rettifica"), entry.cents, is_mine=True))
    return lines or [Line(_("Per questa voce non cambia nulla"), is_mine=True)]


def _account_sentence(entry: LedgerEntry) -> str:
    account = ACCOUNTS.get(entry.account, entry.account)
    if entry.percent is None:
        return _("Messi da parte sul conto «%(account)s»") % {"account": account}
    return _("Il %(percent)s va al conto «%(account)s»") % {"percent": percent(entry.percent / 100), "account": account}


def _share_sentence(entry: LedgerEntry) -> str:
    part = entry.weight / entry.weight_total if entry.weight_total else Decimal(0)
    if entry.key in ENERGY_KEYS:
        words = {"mine": kwh(int(entry.weight)), "all": kwh(int(entry.weight_total)), "percent": percent(part)}
        return _("La tua parte: %(mine)s su %(all)s, il %(percent)s") % words
    return _("La tua parte: il %(percent)s") % {"percent": percent(part)}
