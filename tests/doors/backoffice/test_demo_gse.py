"""The demo's files of GSE and the bank: something to see on every screen, the same whenever they are made again."""

from datetime import date

import pytest

from apps.backoffice.demo.gse import bring_in_gse
from apps.settlement.gse.reconciling import get_reconciliation
from apps.settlement.models import BankReceipt, GseImport, GsePublication
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.village import open_run

pytestmark = pytest.mark.django_db


def test_one_payment_is_missing_and_one_is_short(village):
    settle(open_run(village))
    said: list[str] = []
    for _twice in range(2):
        bring_in_gse(village.configuration.community, user=village.anna, say=said.append)
    assert GseImport.objects.count() == 2, "a second time nothing is brought in, whatever was settled meanwhile"
    assert [text.split(":")[0] for text in said] == ["prospetto-gse-CER-V-A-2023.csv", "estratto-conto-CER-V-A-2023.csv"]
    assert GsePublication.objects.filter(item="fee").count() == 1
    found = get_reconciliation(configuration=village.configuration, year=2023, as_of=date(2026, 1, 1))
    reasons = [finding.reason.value for month in found.months for line in month.lines for finding in line.findings]
    assert {"not_received", "paid_differs", "not_settled"} <= set(reasons)
    assert BankReceipt.objects.count() == len(found.payments.payments) - 1
