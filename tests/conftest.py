"""What every test may rely on: the rows that migrations write are there, whatever the test before it did."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _rows_of_migrations() -> Iterator[None]:
    """Write the values of the law again whenever the tables are truncated, as transactional tests do after themselves.

    Django says `post_migrate` at the end of every truncation as after every migration; so nobody has to ask for the rows.
    """
    from django.apps import apps
    from django.db.models.signals import post_migrate

    def restore(**_named: object) -> None:
        from apps.settlement.models import RuleParameter
        from apps.settlement.reference_values import read_reference_values

        if not RuleParameter.objects.exists():
            RuleParameter.objects.bulk_create(RuleParameter(**row) for row in read_reference_values())

    room = apps.get_app_config("settlement")
    post_migrate.connect(restore, sender=room, weak=False, dispatch_uid="tests.rows_of_migrations")
    yield
    post_migrate.disconnect(sender=room, dispatch_uid="tests.rows_of_migrations")
