"""A person may release what a bound parked; the trail is looked at daily; a comparison that failed says why."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0020_month_bases'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checked_at', models.DateTimeField(db_index=True, verbose_name='verificato il')),
                ('entries', models.BigIntegerField(verbose_name='passi intatti')),
                ('sequence', models.BigIntegerField(null=True, verbose_name='numero')),
                ('sentence', models.TextField(blank=True, verbose_name='che cosa non torna')),
            ],
            options={
                'verbose_name': 'verifica del registro',
                'verbose_name_plural': 'verifiche del registro',
                'ordering': ['-checked_at', '-pk'],
            },
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('open', 'aperta'), ('claim', 'presa in calcolo'), ('compute', 'calcolata'), ('park', 'sospesa'), ('release', 'sbloccata'), ('fail', 'non riuscita'), ('retry', 'rimessa in coda'), ('accept_missing', 'misure mancanti accettate'), ('approve', 'approvata'), ('issue', 'emessa'), ('pay', 'pagata'), ('reverse', 'stornata'), ('discard', 'scartata')], max_length=16, verbose_name='passo'),
        ),
        migrations.CreateModel(
            name='ComparisonFailure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sentence', models.TextField(verbose_name='che cosa non è andato')),
                ('noticed_at', models.DateTimeField(verbose_name='notato il')),
                ('before', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='settlement.settlementrun', verbose_name='prima')),
                ('now', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='settlement.settlementrun', verbose_name='ora')),
            ],
            options={
                'verbose_name': 'confronto non riuscito',
                'verbose_name_plural': 'confronti non riusciti',
                'ordering': ['-noticed_at'],
                'constraints': [models.UniqueConstraint(fields=('before', 'now'), name='comparison_failure_unique')],
            },
        ),
    ]
