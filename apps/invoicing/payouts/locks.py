"""Whatever moves the money of a community's members goes one after the other."""

from django.db import connection

PAYOUT_LOCK = 7110  # advisory lock space of payouts, per community; the triggers take the same one


def lock_community(community_id: int) -> None:
    """Wait until nobody else moves money of this community; held until the commit. Take it before rows of runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PAYOUT_LOCK, community_id])
