"""The chart of accounts of a community: what the program proposes, and what its accountant calls it.

The referente keeps separate accounts per contribution (RO p.39), so each account exists once per contribution, but for those of
the bank, of customers, of revenue and of VAT, which know none, nor do GSE's fees and what it paid nobody knows for what.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from apps.communities.models import Community, DistributionRule
from apps.invoicing.accountancy.models import ChartAccount
from apps.invoicing.errors import ChartRefused
from apps.settlement.models.ledger import ContributionKind

BANK, CUSTOMERS, REVENUE, VAT = "bank", "customers", "revenue", "vat"
GSE_COSTS, GSE_FEES, GSE_UNMATCHED = "gse_costs", "gse:fee", "gse:unmatched"
CONTRIBUTIONS = tuple(ContributionKind.values)
SUFFIXES = {
    ContributionKind.PREMIUM.value: "tariffa premio",
    ContributionKind.VALORISATION.value: "corrispettivo di valorizzazione",
    ContributionKind.EXCESS.value: "importo eccedentario",
}
# account of the distribution -> code, name in the books, what it is for
KNOWN = {
    "management": ("7010", "Trattenute per la gestione", "Copertura dei costi di gestione della comunità"),
    "reserve": ("2010", "Riserva", "Accantonamento per spese future della comunità"),
    "social_fund": ("2020", "Fondo sociale", "Finalità sociali con ricadute sui territori degli impianti (RO p. 39)"),
    "undistributed": ("2090", "Importi non ripartiti", "In attesa di riparto: nessun avente diritto nel mese"),
}
OTHER_CODE = "2080"


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the books: `key` is what it means, `code` and `name` what the accountant calls it."""

    key: str
    code: str
    name: str
    purpose: str = ""


def gse_key(contribution: str) -> str:
    """What GSE owes for a contribution."""
    return f"gse:{contribution}"


def members_key(contribution: str) -> str:
    """What the community owes its members of a contribution."""
    return f"members:{contribution}"


def account_key(account: str, contribution: str) -> str:
    """An account of the distribution, for one contribution."""
    return f"account:{account}:{contribution}"


def list_chart(*, community_id: int) -> list[Account]:
    """Every account of a community's books, by code: its own names where it has given some."""
    own = {row.key: row for row in ChartAccount.objects.filter(community=community_id)}
    chart = [
        Account(proposed.key, own[proposed.key].code, own[proposed.key].name, own[proposed.key].purpose)
        if proposed.key in own
        else proposed
        for proposed in _propose(_account_names(community_id))
    ]
    return sorted(chart, key=lambda account: (account.code, account.key))


@transaction.atomic
def write_chart_account(*, community: Community, key: str, code: str, name: str, purpose: str = "") -> None:
    """Call an account of the books so from now on; files that were made keep their names. Errors: `ChartRefused`."""
    Community.objects.select_for_update().get(pk=community.pk)
    chart = {account.key: account for account in list_chart(community_id=community.pk)}
    code, name, purpose = code.strip(), name.strip(), purpose.strip()
    if key not in chart:
        raise ChartRefused(_("There is no account %(key)s in the books of this community.") % {"key": key})
    if not code or not name or len(code) > 30 or len(name) > 120 or len(purpose) > 300:
        raise ChartRefused(
            _("An account needs a code of at most 30 characters and a name of at most 120; its purpose is at most 300 long.")
        )
    taken = [account for account in chart.values() if account.code == code and account.key != key]
    if taken:
        raise ChartRefused(_("The code %(code)s is that of another account, %(name)s.") % {"code": code, "name": taken[0].name})
    ChartAccount.objects.update_or_create(community=community, key=key, defaults={"code": code, "name": name, "purpose": purpose})


def _account_names(community_id: int) -> list[str]:
    """The accounts that the community's distribution rules ever named, and those that every distribution has."""
    tables = DistributionRule.objects.filter(configuration__community=community_id).values_list("table", flat=True)
    named = {row["account"] for table in tables for part in table.values() for row in part.get("deductions", ())}
    return [*KNOWN, *sorted(named - KNOWN.keys())]


def _propose(names: list[str]) -> Iterator[Account]:
    yield Account(BANK, "1010", "Banca c/c")
    yield Account(CUSTOMERS, "1410", "Crediti verso clienti")
    yield Account(VAT, "4510", "IVA a debito")
    yield Account(REVENUE, "7510", "Ricavi per servizi fatturati")
    yield Account(GSE_UNMATCHED, "1590", "Accrediti del GSE da attribuire")
    yield Account(GSE_FEES, "4590", "Debiti verso GSE – spese annue")
    yield Account(GSE_COSTS, "6510", "Spese annue del GSE, IVA compresa")
    for number, contribution in enumerate(CONTRIBUTIONS, start=1):
        suffix = SUFFIXES[contribution]
        yield Account(gse_key(contribution), f"1510.{number}", f"Crediti verso GSE – {suffix}")
        yield Account(members_key(contribution), f"4010.{number}", f"Debiti verso soci – {suffix}")
        for name in names:
            code, title, purpose = KNOWN.get(name, (f"{OTHER_CODE}-{name}", name, ""))
            yield Account(account_key(name, contribution), f"{code}.{number}", f"{title} – {suffix}", purpose)
