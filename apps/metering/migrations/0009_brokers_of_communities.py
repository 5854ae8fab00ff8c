import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0030_gse_facts'),
        ('metering', '0008_canary'),
    ]

    operations = [
        migrations.AddField(
            model_name='broker',
            name='community',
            field=models.ForeignKey(blank=True, help_text='Vuoto: di tutta l’installazione. Altrimenti chi amministra la comunità vede e associa i dispositivi che parlano qui.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='brokers', to='communities.community', verbose_name='comunità'),
        ),
        migrations.AddField(
            model_name='device',
            name='named_pod',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce(models.Func(django.db.models.functions.text.Upper('key'), models.Value('(?:^|/)(IT[0-9]{3}E[0-9A-Z]{8})[0-9A-Z]?(?:/|$)'), function='SUBSTRING'), models.Value('')), output_field=models.CharField(max_length=14)),
        ),
        migrations.AddIndex(
            model_name='device',
            index=models.Index(condition=models.Q(('named_pod', ''), _negated=True), fields=['named_pod'], name='device_named_pod'),
        ),
    ]
