"""Bringing in measures: a preview that writes nothing, a confirmation, what became of it, and who may."""

import io
from datetime import date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.communities.models import Member, MeteringPoint, Role
from apps.engine.inputs import Quality
from apps.metering.kept_rejects import rejects_path
from apps.metering.models import DayCurve, MeasureImport, Source
from tasks.measures import import_file, preview_file
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import AS_OF, make_person, make_village

pytestmark = pytest.mark.django_db
IMPORTS = "/ceradmin/metering/measureimport/"
NEW = f"{IMPORTS}new/"


@pytest.fixture
def superuser(village, as_user):
    village.anna.is_superuser = True
    village.anna.save()
    return as_user(village.anna)


def csv(village, *lines: str) -> SimpleUploadedFile:
    rows = ["pod;starts_at;injected_kwh;withdrawn_kwh", *(line.replace("POD", village.pods[1]) for line in lines)]
    return SimpleUploadedFile("misure di marzo.csv", "\n".join(rows).encode(), content_type="text/csv")


def upload(client, file, **changes):
    return client.post(NEW, {"file": file, "source": "3"} | changes)


GOOD = ("POD;2023-03-01T00:00:00+01:00;0;0.125", "POD;2023-03-01T00:15:00+01:00;0;0.250")
BAD = ("POD;2023-03-01T00:30:00;0;0.125", "IT999E00000000;2023-03-01T00:00:00+01:00;0;1", "POD;2023-03-01T01:00:00+01:00;0;-1")


def at(found, tail=""):
    return f"{IMPORTS}{found.pk}/{tail}"


class TestImport:
    """From the file to the curves, by way of a preview."""

    def test_an_upload_is_kept_and_handed_to_a_worker(self, village, superuser, enqueued, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            answer = upload(superuser, csv(village, *GOOD))
        found = MeasureImport.objects.get()
        assert (answer.status_code, answer["Location"]) == (302, at(found))
        assert (found.state, found.source, found.imported_by) == ("uploaded", Source.OFFICIAL, village.anna)
        kept = Path(settings.DATA_DIR, found.file_path)
        assert kept.read_bytes().startswith(b"pod;starts_at")
        assert kept.stat().st_mode & 0o077 == 0
        assert enqueued == [("measures.preview_file", (found.pk,))]
        assert f'hx-get="{at(found, "progress/")}" hx-trigger="every 1s"' in superuser.get(at(found)).content.decode()

    def test_the_preview_counts_and_writes_nothing(self, village, superuser, enqueued):
        before = DayCurve.objects.count()
        upload(superuser, csv(village, *GOOD, *BAD))
        found = MeasureImport.objects.get()
        preview_file.apply(args=(found.pk,), throw=True)
        assert superuser.get(at(found, "progress/")).status_code == 286
        page = words(superuser.get(at(found)))
        assert "Anteprima: non è stato ancora scritto niente" in page
        assert "Righe lette 5 Nuove 2 Cambiate 0 Uguali 0 Rifiutate 3 POD 1 Periodo 01/03/2023 – 01/03/2023" in page
        assert "Righe rifiutate" in page
        assert "2023-03-01T00:30:00" in page
        assert DayCurve.objects.count() == before

    def test_confirming_wakes_a_worker_once_and_the_curves_are_there(
        self, village, superuser, enqueued, django_capture_on_commit_callbacks
    ):
        upload(superuser, csv(village, *GOOD, *BAD))
        found = MeasureImport.objects.get()
        preview_file.apply(args=(found.pk,), throw=True)
        enqueued.clear()
        with django_capture_on_commit_callbacks(execute=True):
            for _press in range(2):
                assert superuser.post(at(found, "confirm/"))["Location"] == at(found)
        assert enqueued == [("measures.import_file", (found.pk,))]
        found.refresh_from_db()
        assert found.state == "importing"
        import_file.apply(args=(found.pk,), throw=True)
        page = words(superuser.get(at(found)))
        assert "Importato" in page
        assert "Nuove 2" in page
        assert DayCurve.objects.filter(pod_key=village.pods[1], day="2023-03-01").count() == 2

    def test_a_file_that_is_no_file_of_measures_is_refused_with_the_reason(self, village, superuser, enqueued):
        upload(superuser, SimpleUploadedFile("<b>x</b>.csv", b"hello\nworld\n"))
        found = MeasureImport.objects.get()
        preview_file.apply(args=(found.pk,), throw=True)
        answer = superuser.get(at(found))
        assert "Rifiutato: non è stato scritto niente" in words(answer)
        assert b"<b>x" not in answer.content
        assert superuser.post(at(found, "confirm/")).status_code == 302
        found.refresh_from_db()
        assert found.state == "refused"

    def test_rejects_can_be_taken_home_as_text_that_is_no_formula(self, village, superuser):
        rejects = [{"line": 2, "reason": "-5 kWh is below zero"}, {"line": 7, "reason": 'say "no"'}]
        found = MeasureImport.objects.create(
            file_name="x.csv", state="previewed", rows_rejected=2, report={"rejects": rejects}, created_at=AS_OF
        )
        answer = superuser.get(at(found, "rejects.csv"))
        assert answer.getvalue().decode("utf-8-sig") == 'riga;motivo\r\n2;"\'-5 kWh is below zero"\r\n7;"say ""no"""\r\n'
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"].startswith("attachment")

    def test_every_rejected_line_can_be_downloaded_and_an_altered_list_cannot(self, village, superuser, enqueued):
        bad = [f"IT999E{n:08d};2023-03-01T00:00:00+01:00;0;1" for n in range(130)]
        upload(superuser, csv(village, *bad, *GOOD))
        found = MeasureImport.objects.get()
        preview_file.apply(args=(found.pk,), throw=True)
        assert "Le prime 100; altre 30 sono nell’elenco da scaricare." in words(superuser.get(at(found)))
        lines = superuser.get(at(found, "rejects.csv")).getvalue().decode("utf-8-sig").splitlines()
        assert [line.split(";")[0] for line in lines] == ["riga", *(str(number) for number in range(2, 132))]
        assert "IT999E00000129" in lines[-1]
        path = rejects_path(found)
        assert path.stat().st_mode & 0o077 == 0
        path.write_text("2;niente\n")
        assert superuser.get(at(found, "rejects.csv")).status_code == 410
        path.unlink()
        assert superuser.get(at(found, "rejects.csv")).status_code == 410

    def test_who_may_not_import_cannot_take_the_rejects_home(self, village, as_user):
        everywhere = make_person("edda", village.configuration.community, "accountant")
        Role.objects.create(user=everywhere, community=village.stranger.roles.get().community, kind="accountant")
        found = MeasureImport.objects.create(file_name="x.csv", created_at=AS_OF, state="previewed")
        assert as_user(everywhere).get(at(found, "rejects.csv")).status_code == 403

    def test_a_device_cannot_be_pretended(self, village, superuser, enqueued):
        assert upload(superuser, csv(village, *GOOD), source="1").status_code == 200
        assert not MeasureImport.objects.exists()

    def test_fields_that_the_form_does_not_have_are_ignored(self, village, superuser, enqueued):
        upload(superuser, csv(village, *GOOD), state="imported", file_path="/etc/passwd", rows_new="9", imported_by="1")
        found = MeasureImport.objects.get()
        assert (found.state, found.rows_new, found.imported_by) == ("uploaded", 0, village.anna)
        assert found.file_path.startswith("measures/")

    def test_what_is_too_large_is_refused_before_it_is_read(self, superuser, monkeypatch):
        monkeypatch.setattr("apps.backoffice.measures.upload.LARGEST_BYTES", 100)
        body = io.BytesIO(b"x" * 1000)
        answer = superuser.generic("POST", NEW, body.read(), content_type="multipart/form-data; boundary=b")
        assert answer.status_code == 413
        assert "Il file supera 4 GB" in words(answer)
        assert not MeasureImport.objects.exists()

    def test_without_the_token_of_the_form_nothing_is_taken(self, village, superuser):
        from django.test import Client

        strict = Client(enforce_csrf_checks=True)
        strict.force_login(village.anna, backend="django.contrib.auth.backends.ModelBackend")
        assert upload(strict, csv(village, *GOOD)).status_code == 403
        assert not MeasureImport.objects.exists()


class TestWho:
    """A file may speak of any POD: who administers every community may write them all, the others those of their own."""

    @pytest.fixture
    def elsewhere(self, village):
        """A POD of another community, and one that passed from Anna's community to it."""
        other = make_village("CER-W", 2)
        passed = MeteringPoint.objects.get(pod=village.pods[2])
        MeteringPoint.objects.filter(pk=passed.pk).update(valid_to="2023-03-01")
        heir = Member.objects.get(community=other.configuration.community, code="M1")
        MeteringPoint.objects.create(pod=passed.pod, configuration=other.configuration, member=heir, valid_from=date(2023, 3, 1))
        return other.pods[1], passed.pod

    def test_an_administrator_of_one_community_writes_the_pods_of_that_one(self, village, anna, elsewhere, enqueued):
        foreign, shared = elsewhere
        before = DayCurve.objects.exclude(pod_key=village.pods[1]).count()
        assert "le righe di altri POD sono rifiutate" in words(anna.get(NEW))
        rows = (*GOOD, GOOD[0].replace("POD", foreign), GOOD[0].replace("POD", shared), BAD[1])
        assert upload(anna, csv(village, *rows)).status_code == 302
        found = MeasureImport.objects.get()
        preview_file.apply(args=(found.pk,), throw=True)
        page = words(anna.get(at(found)))
        assert "Righe lette 5 Nuove 2 Cambiate 0 Uguali 0 Rifiutate 3" in page
        assert page.count("non è un punto di misura delle comunità che amministri") == 3  # alike for known and unknown ones
        anna.post(at(found, "confirm/"))
        import_file.apply(args=(found.pk,), throw=True)
        found.refresh_from_db()
        assert (found.state, found.rows_new, found.rows_rejected) == ("imported", 2, 3)
        assert DayCurve.objects.filter(pod_key=village.pods[1], day="2023-03-01").count() == 2
        assert DayCurve.objects.exclude(pod_key=village.pods[1]).count() == before

    @pytest.mark.parametrize("loss", ["role", "staff", "person"])
    def test_who_lost_the_right_after_the_upload_writes_nothing(self, village, anna, enqueued, loss):
        upload(anna, csv(village, *GOOD))
        found = MeasureImport.objects.get()
        if loss == "role":
            village.anna.roles.all().delete()
        elif loss == "staff":
            type(village.anna).objects.filter(pk=village.anna.pk).update(is_staff=False)
        else:
            MeasureImport.objects.update(imported_by=None)
        import_file.apply(args=(found.pk,), throw=True)
        found.refresh_from_db()
        assert (found.rows_new, found.rows_rejected) == (0, 2)
        assert not DayCurve.objects.filter(day="2023-03-01").exists()

    def test_a_superuser_is_not_confined(self, village, superuser, elsewhere, enqueued):
        assert "le righe di altri POD" not in words(superuser.get(NEW))
        upload(superuser, csv(village, *(GOOD[0].replace("POD", pod) for pod in elsewhere)))
        found = MeasureImport.objects.get()
        preview_file.apply(args=(found.pk,), throw=True)
        found.refresh_from_db()
        assert (found.rows_new, found.rows_rejected) == (2, 0)

    def test_an_administrator_of_all_may(self, village, anna, enqueued):
        other = village.stranger.roles.get().community
        Role.objects.create(user=village.anna, community=other, kind="administrator")
        assert upload(anna, csv(village, *GOOD)).status_code == 302
        assert MeasureImport.objects.get().report == {}

    def test_an_accountant_may_not(self, village, as_user):
        village.stranger.roles.get().community.delete()
        assert as_user(village.carla).get(NEW).status_code == 403

    def test_an_import_of_others_does_not_exist(self, village, as_user):
        found = MeasureImport.objects.create(file_name="x.csv", created_at=AS_OF, imported_by=village.anna, state="previewed")
        stranger = as_user(village.stranger)
        for tail in ("", "progress/", "confirm/", "rejects.csv"):
            for method in ("get", "post", "put", "delete", "head"):
                assert getattr(stranger, method)(at(found, tail)).status_code == 404
        assert "x.csv" not in stranger.get(IMPORTS).content.decode()
        found.refresh_from_db()
        assert found.state == "previewed"

    def test_who_may_only_look_cannot_confirm(self, village, as_user):
        everywhere = make_person("edda", village.configuration.community, "accountant")
        Role.objects.create(user=everywhere, community=village.stranger.roles.get().community, kind="accountant")
        found = MeasureImport.objects.create(file_name="x.csv", created_at=AS_OF, state="previewed")
        client = as_user(everywhere)
        assert "confirm/" not in client.get(at(found)).content.decode()
        assert client.post(at(found, "confirm/")).status_code == 403

    @pytest.mark.parametrize("tail", ["add/", "1/change/", "1/delete/", "1/history/"])
    def test_there_is_no_form(self, superuser, tail):
        assert superuser.get(IMPORTS + tail).status_code == 404


class TestCompleteness:
    """The heat map of a month, for anybody of the community."""

    ADDRESS = f"{IMPORTS}completeness/"

    def choice(self, village):
        return {"configuration": village.configuration.pk, "month": "2", "year": "2023"}

    def test_missing_hours_are_drawn_and_listed(self, village, as_user):
        DayCurve.objects.filter(pod_key=village.pods[2], day__lte="2023-02-03").delete()
        answer = as_user(village.carla).get(self.ADDRESS, self.choice(village))
        assert "Mancano 72 ore di misura in 1 POD." in words(answer)
        assert f"{village.pods[2]} 72 672 in parte" in words(answer)
        assert answer.content.decode().count('role="img"') == 1

    def test_suspect_hours_are_missing_and_are_called_suspect(self, village, as_user):
        curve = DayCurve.objects.filter(pod_key=village.pods[2], day="2023-02-03")
        curve.update(quality=bytes([Quality.OFFICIAL] * 48 + [Quality.SUSPECT] * 2 + [Quality.OFFICIAL] * 46))
        answer = as_user(village.carla).get(self.ADDRESS, self.choice(village))
        assert "Ore mancanti: 1 su 3 POD, di cui sospette: 1." in words(answer)
        assert f"{village.pods[2]} 1 672 in parte, 1 ora sospetta" in words(answer)

    def test_a_point_that_changed_holder_misses_nothing(self, village, as_user):
        before = MeteringPoint.objects.get(pod=village.pods[2])
        MeteringPoint.objects.filter(pk=before.pk).update(valid_to="2023-02-11")
        heir = Member.objects.get(code="M2")
        MeteringPoint.objects.create(
            pod=before.pod, configuration=before.configuration, member=heir, valid_from=date(2023, 2, 11)
        )
        answer = as_user(village.carla).get(self.ADDRESS, self.choice(village))
        assert "3 POD con tutte le ore." in words(answer)

    def test_a_complete_month_says_so(self, village, anna):
        assert "3 POD con tutte le ore." in words(anna.get(self.ADDRESS, self.choice(village)))

    @pytest.mark.parametrize(
        ("now", "told"),
        [
            ("2023-02-03T10:59:59+01:00", "Mancano 10 ore di misura in 1 POD."),  # the last ten of the 58 that are over
            ("2023-02-03T01:00:00+01:00", "Mancano 1 ore di misura in 1 POD."),
            ("2023-02-02T23:59:59+01:00", "3 POD con tutte le ore."),
            ("2023-02-01T00:59:59+01:00", "Nessuna ora del mese è ancora finita."),
            ("2023-01-31T23:00:00+01:00", "Nessuna ora del mese è ancora finita."),
        ],
    )
    def test_of_a_month_that_goes_on_only_hours_that_are_over_can_be_missing(self, village, anna, monkeypatch, now, told):
        DayCurve.objects.filter(pod_key=village.pods[2], day__gte="2023-02-03").delete()
        monkeypatch.setattr("apps.backoffice.measures.completeness.timezone.now", lambda: datetime.fromisoformat(now))
        assert told in words(anna.get(self.ADDRESS, self.choice(village)))

    def test_a_foreign_configuration_is_not_a_choice(self, village, as_user):
        page = as_user(village.stranger).get(self.ADDRESS)
        assert page.status_code == 403  # no configuration at all to choose from
        assert village.configuration.code not in page.content.decode()
