"""One way of keeping what workers print: a row that waits, then knows where its bytes lie and what they must be."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.settlement.archive import store_file
from project.failpoints import hit


class RenderedFile(models.Model):
    """A file that is made from frozen content: pending, then ready with path and SHA-256, or failed with a reason.

    A ready row is history: the database refuses to change it.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("in preparazione")
        READY = "ready", _("pronto")
        FAILED = "failed", _("non riuscito")

    state = models.CharField(_("stato"), max_length=8, choices=State.choices, default=State.PENDING)
    path = models.CharField(max_length=300, blank=True)  # below DATA_DIR
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    error = models.TextField(_("errore"), blank=True)
    created_at = models.DateTimeField(_("creato il"))
    rendered_at = models.DateTimeField(_("prodotto il"), null=True)

    class Meta:
        abstract = True


READY_HAS_HASH = ~Q(state="ready") | (~Q(sha256="") & Q(rendered_at__isnull=False))


def keep_rendering(*, file: RenderedFile, path: str, content: bytes, as_of: datetime) -> None:
    """Keep the bytes and mark the row ready; rendered twice, the first rendering stands."""
    sha256 = store_file(path, content)
    hit("render.after_file")
    waiting = type(file)._default_manager.filter(pk=file.pk, state__in=[RenderedFile.State.PENDING, RenderedFile.State.FAILED])
    waiting.update(state=RenderedFile.State.READY, path=path, sha256=sha256, size_bytes=len(content), rendered_at=as_of, error="")


def keep_failure(*, model: type[RenderedFile], file_id: int, reason: str) -> None:
    """Mark a file that could not be rendered; it can be tried again."""
    model._default_manager.filter(pk=file_id, state=RenderedFile.State.PENDING).update(
        state=RenderedFile.State.FAILED, error=reason
    )
