"""The pages of the money ask the database a dozen times at most, and no oftener with more members, runs or configurations."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.communities.models import Configuration
from apps.invoicing.payouts import booking
from apps.invoicing.reminders.operations import keep_reminders
from apps.settlement.models import SettlementRun
from tasks.payouts import make_payout_file
from tests.apps.invoicing import payout_rows
from tests.apps.invoicing.invoices import make_customer, make_draft
from tests.apps.settlement.corrected import approve
from tests.doors.backoffice.village import Village
from tests.doors.portal.rows import make_month, make_statement

pytestmark = pytest.mark.django_db
NOW = datetime(2023, 6, 1, 8, 0, tzinfo=UTC)
MOST = 12
# Pages that join several subjects. Their number is fixed all the same.
ASK_MORE = {
    "": 24,
    "settlement/settlementrun/{run}/": 27,
    "settlement/gsepublication/{configuration}/2023/": 20,
    "settlement/gsepublication/{configuration}/2023/2/": 19,
    "invoicing/invoice/{invoice}/": 14,
    "invoicing/accountingexport/{community}/": 14,
}
PAGES = (
    "invoicing/payoutbatch/",
    "invoicing/payoutbatch/{batch}/",
    "invoicing/payoutbatch/accounts/{community}/",
    "invoicing/payoutbatch/accounts/{community}/own/management/",
    "invoicing/payoutbatch/members/{member}/",
    "invoicing/payoutbatch/settings/{community}/",
    "invoicing/accountingexport/{community}/gse-members/",
    "invoicing/accountingexport/{community}/chart/",
    "invoicing/reminder/",
    "invoicing/reminder/calendar/",
    "invoicing/mailmessage/",
    "invoicing/mailmessage/run/{issued}/",
    "invoicing/mailmessage/community/{community}/",
    "invoicing/invoice/",
    "invoicing/invoice/new/",
    "settlement/gsepublication/",
    "settlement/gsepublication/receipts/",
    "settlement/gsepublication/import/",
    "settlement/settlementrun/",
    *ASK_MORE,
)


def furnish(village: Village, run: SettlementRun, *, more: int, year: int) -> dict[str, int]:
    """`more` members, configurations, issued months and invoices, and a batch that pays them; what the pages are about."""
    community = village.configuration.community
    community.iban = payout_rows.make_iban(0)
    community.save()
    members = [payout_rows.make_member(village.configuration, f"Z{year}-{n}") for n in range(more)]
    customer = make_customer(community)
    for n in range(more):
        code = f"CER-V-{year}-{n}"
        Configuration.objects.create(
            community=community, code=code, kind="cer", primary_substation=f"AC001E{year}{n}", starts_on=date(2022, 1, 1)
        )
        issued = make_month(village.configuration, date(year, n + 1, 1), members, state="issued")
        for member in members:
            make_statement(issued, member)
        invoice = make_draft(customer)
    payout_rows.issue(village.configuration, dict.fromkeys(members, 1_000), month=date(year, 12, 1), to_account=300)
    booking.book_credits(community_id=community.pk, as_of=NOW)
    batch = payout_rows.make_batch(village.configuration)
    make_payout_file(batch.pk)
    keep_reminders(as_of=NOW)
    return {
        "community": community.pk,
        "configuration": village.configuration.pk,
        "run": run.pk,
        "issued": issued.pk,
        "batch": batch.pk,
        "member": members[0].pk,
        "invoice": invoice.pk,
    }


def count(client: Client, page: str, names: dict[str, int]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"/ceradmin/{page}".format(**names)).status_code == 200, page
    return len(queries)


def test_pages_of_money_ask_a_dozen_times_however_much_there_is(
    settled: SettlementRun, village: Village, as_user: Callable[[User], Client]
) -> None:
    run, client = approve(settled, village), as_user(village.bruno)
    furnish(village, run, more=1, year=2009)
    little = furnish(village, run, more=2, year=2010)
    few = {page: count(client, page, little) for page in PAGES}
    assert {page: asked for page, asked in few.items() if asked > ASK_MORE.get(page, MOST)} == {}
    much = furnish(village, run, more=7, year=2011)
    many = {page: count(client, page, much) for page in PAGES}
    assert {page: (asked, many[page]) for page, asked in few.items() if many[page] > asked} == {}
