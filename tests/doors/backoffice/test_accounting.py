"""Contabilità in the admin: ask, wait, fetch; an accountant may, another community does not exist."""

import io
import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.test import Client

from apps.accounts.models import User
from apps.invoicing.accountancy.models import AccountingExport, ChartAccount
from apps.settlement.archive import locate
from apps.settlement.models import SettlementRun
from tasks.accountancy import make_export
from tests.apps.settlement.corrected import approve
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.test_access import fingerprint
from tests.doors.backoffice.village import Village

pytestmark = pytest.mark.django_db
ASKED = {"configuration": "", "year": "2023", "month": "0", "run": "", "format": "xlsx"}
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


def at(village: Village, tail: str = "") -> str:
    return f"/ceradmin/invoicing/accountingexport/{village.configuration.community_id}/{tail}"


@pytest.fixture
def carla(village: Village, as_user: Callable[[User], Client]) -> Client:
    """The accountant."""
    return as_user(village.carla)


@pytest.fixture
def approved(settled: SettlementRun, village: Village) -> SettlementRun:
    run: SettlementRun = approve(settled, village)
    return run


def make_one(village: Village) -> AccountingExport:
    export = AccountingExport.objects.get(community=village.configuration.community)
    make_export.apply(args=(export.pk,), throw=True)
    export.refresh_from_db()
    return export


def test_an_accountant_asks_for_the_year_and_fetches_it(
    approved: SettlementRun, village: Village, carla: Client, enqueued: Any, django_capture_on_commit_callbacks: Any
) -> None:
    page = carla.get("/ceradmin/invoicing/accountingexport/", follow=True)
    assert page.redirect_chain == [(at(village), 302)]
    assert "Nessun file ancora" in words(page)
    with django_capture_on_commit_callbacks(execute=True):
        answers = [carla.post(at(village, "books/"), ASKED) for _press in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    export = AccountingExport.objects.get()
    assert enqueued == [("accountancy.make_export", (export.pk,))]
    assert (export.asked_by, str(export.first_day), str(export.last_day)) == (village.carla, "2023-01-01", "2023-12-31")
    news = carla.get(at(village, "progress/"))
    assert (news.status_code, "hx-get" in news.content.decode()) == (200, True)
    made = make_one(village)
    news = carla.get(at(village, "progress/"))
    assert (news.status_code, "hx-get" in news.content.decode()) == (286, False)
    assert made.sha256 in words(news)
    answer = carla.get(at(village, f"file/{made.pk}/"))
    assert answer["Content-Disposition"] == 'attachment; filename="contabilita-CER-V-2023.xlsx"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)), data_only=True)  # type: ignore[attr-defined]
    assert book["Riepilogo"]["G2"].value == 28.78  # 224 kWh: 26.88 € of premium at 120 €/MWh, 1.90 € of valorisation at 8.48


def test_a_month_a_configuration_and_a_run_can_be_chosen(
    approved: SettlementRun, village: Village, carla: Client, enqueued: Any
) -> None:
    for more in (
        {"month": "2", "configuration": village.configuration.pk, "format": "csv"},
        {"run": approved.pk, "year": "2024"},
    ):
        assert carla.post(at(village, "books/"), ASKED | more).status_code == 302
    run, month = AccountingExport.objects.order_by("-pk")
    assert (month.configuration, str(month.first_day), str(month.last_day)) == (
        village.configuration,
        "2023-02-01",
        "2023-02-28",
    )
    assert (run.run, str(run.first_day), str(run.last_day)) == (approved, "2023-02-01", "2023-02-28")
    page = words(carla.get(at(village)))
    assert "contabilita-CER-V-A-2023-02.zip" in page
    assert f"contabilita-CER-V-2023-02-calcolo-{approved.pk}.xlsx" in page


@pytest.mark.parametrize(
    "wrong",
    [{"year": "1999"}, {"month": "13"}, {"format": "exe"}, {"run": "987654"}, {"configuration": "987654"}, {"year": "2022"}],
)
def test_what_cannot_be_exported_is_refused_and_writes_nothing(
    approved: SettlementRun, village: Village, carla: Client, enqueued: Any, wrong: dict[str, str]
) -> None:
    assert carla.post(at(village, "books/"), ASKED | wrong).status_code == 409
    assert not AccountingExport.objects.exists()
    assert enqueued == []


def test_the_reason_is_told_in_italian(village: Village, carla: Client) -> None:
    page = words(carla.post(at(village, "books/"), ASKED))
    assert "Dal 01/01/2023 al 31/12/2023 non c’è nessun mese approvato." in page


def test_the_yearly_report_is_asked_for_of_one_configuration(
    approved: SettlementRun, village: Village, carla: Client, enqueued: Any
) -> None:
    asked = {"configuration": str(village.configuration.pk), "year": "2023", "format": "pdf"}
    for wrong in ({"configuration": ""}, {"format": "csv"}, {"year": "2022"}):
        assert carla.post(at(village, "benefits/"), asked | wrong).status_code == 409
    assert not AccountingExport.objects.exists()
    assert carla.post(at(village, "benefits/"), asked).status_code == 302
    made = make_one(village)
    answer = carla.get(at(village, f"file/{made.pk}/"))
    assert answer["Content-Disposition"] == 'attachment; filename="relazione-benefici-CER-V-A-2023.pdf"'
    assert b"".join(answer.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]


def test_a_file_that_was_changed_is_not_handed_out(
    approved: SettlementRun, village: Village, carla: Client, enqueued: Any
) -> None:
    carla.post(at(village, "books/"), ASKED)
    made = make_one(village)
    locate(made.path).write_bytes(b"other")
    answer = carla.get(at(village, f"file/{made.pk}/"))
    assert answer.status_code == 410
    locate(made.path).unlink()
    assert carla.get(at(village, f"file/{made.pk}/")).status_code == 410


TAILS = ("", "books/", "progress/", "file/1/", "chart/", "chart/write/", "benefits/", "gse-members/")


def test_the_books_of_another_community_do_not_exist(
    approved: SettlementRun, village: Village, carla: Client, as_user: Callable[[User], Client], enqueued: Any
) -> None:
    carla.post(at(village, "books/"), ASKED)
    made = make_one(village)
    stranger = as_user(village.stranger)
    before = fingerprint()
    for tail in (*TAILS, f"file/{made.pk}/"):
        for method in METHODS:
            assert getattr(stranger, method)(at(village, tail), ASKED).status_code == 404, (method, tail)
    other = f"/ceradmin/invoicing/accountingexport/{village.stranger.roles.get().community_id}/"
    assert stranger.get(f"{other}file/{made.pk}/").status_code == 404
    posted = ASKED | {"configuration": str(village.configuration.pk), "run": str(approved.pk), "community": "1", "state": "ready"}
    assert stranger.post(f"{other}books/", posted).status_code == 409
    assert village.configuration.code not in words(stranger.get(other))
    assert fingerprint() == before


def test_who_is_not_logged_in_is_sent_to_the_log_in_and_a_post_needs_its_token(approved: SettlementRun, village: Village) -> None:
    for tail in TAILS[:6]:
        answer = Client().get(at(village, tail))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/ceradmin/login/")
    checking = Client(enforce_csrf_checks=True)
    checking.force_login(village.carla, backend="django.contrib.auth.backends.ModelBackend")
    assert checking.post(at(village, "books/"), ASKED).status_code == 403
    assert not AccountingExport.objects.exists()


def test_looking_changes_nothing(approved: SettlementRun, village: Village, carla: Client, enqueued: Any) -> None:
    carla.post(at(village, "books/"), ASKED)
    made = make_one(village)
    before = fingerprint()
    for tail in ("", "progress/", "chart/", "chart/?key=bank", f"file/{made.pk}/"):
        answer = carla.get(at(village, tail))
        assert answer.status_code in (200, 286)
        if answer.streaming:
            b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    for tail in ("books/", "chart/write/"):
        assert carla.get(at(village, tail)).status_code == 405
    assert fingerprint() == before


def test_an_administrator_calls_accounts_as_the_accountant_does(
    approved: SettlementRun, village: Village, anna: Client, carla: Client, enqueued: Any
) -> None:
    row = {"key": "members:premium", "code": "40/0001", "name": "Soci c/premio", "purpose": ""}
    assert carla.post(at(village, "chart/write/"), row).status_code == 403
    assert not ChartAccount.objects.exists()
    assert "Modifica" not in words(carla.get(at(village, "chart/")))
    assert anna.post(at(village, "chart/write/"), row).status_code == 302
    for wrong in (
        {"key": "bank", "code": "40/0001", "name": "x"},
        {"key": "nonsense", "code": "1", "name": "x"},
        row | {"code": " "},
    ):
        assert anna.post(at(village, "chart/write/"), wrong).status_code == 409
    assert list(ChartAccount.objects.values_list("key", "code", "name")) == [("members:premium", "40/0001", "Soci c/premio")]
    anna.post(at(village, "books/"), ASKED)
    made = make_one(village)
    assert json.loads(made.frozen)["chart"]["members:premium"] == ["40/0001", "Soci c/premio"]
    book = openpyxl.load_workbook(locate(made.path), data_only=True)
    assert "40/0001" in {cell.value for cell in book["Prima nota"]["C"]}
