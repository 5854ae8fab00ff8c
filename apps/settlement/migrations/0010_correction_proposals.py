"""Proposals of corrections: what a worker noticed after an approval."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0009_corrections'),
    ]

    operations = [
        migrations.CreateModel(
            name='CorrectionProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('inputs_sha256', models.CharField(max_length=64)),
                ('causes', models.JSONField(default=list)),
                ('noticed_at', models.DateTimeField(verbose_name='notato il')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposals', to='settlement.settlementrun', verbose_name='regolazione mensile')),
            ],
            options={
                'verbose_name': 'proposta di rettifica',
                'verbose_name_plural': 'proposte di rettifica',
                'ordering': ['-noticed_at'],
                'constraints': [models.UniqueConstraint(fields=('run',), name='proposal_one_per_run')],
            },
        ),
    ]
