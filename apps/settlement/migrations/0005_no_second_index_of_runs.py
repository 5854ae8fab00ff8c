"""Entries, members and points of a run are found by the constraint that begins with the run; a second index only cost time."""

import django.db.models.deletion
from django.db import migrations, models


def unindexed(related_name: str) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to="settlement.settlementrun",
    )


class Migration(migrations.Migration):
    dependencies = [("settlement", "0004_point_results")]

    operations = [
        migrations.AlterField(model_name="ledgerentry", name="run", field=unindexed("entries")),
        migrations.AlterField(model_name="memberresult", name="run", field=unindexed("member_results")),
        migrations.AlterField(model_name="pointresult", name="run", field=unindexed("point_results")),
    ]
