"""What a closing knows of the readings of a series, kept with its mark: the next closing need not look back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("metering", "0009_brokers_of_communities")]
    operations = [
        migrations.AddField("quartermark", "orderly_at", models.DateTimeField(null=True)),
        migrations.AddField("quartermark", "orderly_before_at", models.DateTimeField(null=True)),
        migrations.AddField("quartermark", "orderly_power_w", models.BigIntegerField(null=True)),
    ]
