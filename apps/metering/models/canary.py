"""The last message that we sent ourselves, to know that the way is open."""

from django.db import models


class Canary(models.Model):
    """One row for each broker: the newest of our own messages that came through, and when its row was written."""

    broker_id = models.BigIntegerField(primary_key=True)
    sent_at = models.DateTimeField()
    stored_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.broker_id} {self.sent_at:%H:%M:%S}"
