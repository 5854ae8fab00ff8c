
import apps.accounts.encryption
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0001_initial'),
        ('invoicing', '0031_payout_guards'),
        ('settlement', '0010_correction_proposals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountingExport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('books', 'libri contabili'), ('benefits', 'relazione annuale dei benefici'), ('gse_members', 'elenco dei soci per il GSE')], max_length=12, verbose_name='tipo')),
                ('format', models.CharField(choices=[('xlsx', 'XLSX (foglio di calcolo)'), ('csv', 'CSV'), ('pdf', 'PDF')], max_length=4, verbose_name='formato')),
                ('first_day', models.DateField(verbose_name='dal')),
                ('last_day', models.DateField(verbose_name='al')),
                ('state', models.CharField(choices=[('pending', 'in preparazione'), ('ready', 'pronto'), ('failed', 'non riuscito')], default='pending', max_length=8, verbose_name='stato')),
                ('frozen', apps.accounts.encryption.EncryptedTextField(blank=True)),
                ('rows_done', models.PositiveIntegerField(default=0)),
                ('rows_total', models.PositiveIntegerField(default=0)),
                ('path', models.CharField(blank=True, max_length=300)),
                ('sha256', models.CharField(blank=True, max_length=64, verbose_name='impronta')),
                ('size_bytes', models.BigIntegerField(default=0, verbose_name='dimensione')),
                ('error', models.TextField(blank=True, verbose_name='errore')),
                ('created_at', models.DateTimeField(verbose_name='chiesto il')),
                ('made_at', models.DateTimeField(null=True, verbose_name='prodotto il')),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='chiesto da')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounting_exports', to='communities.community', verbose_name='comunità')),
                ('configuration', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.configuration', verbose_name='configurazione')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.settlementrun', verbose_name='regolazione')),
            ],
            options={
                'verbose_name': 'esportazione contabile',
                'verbose_name_plural': 'contabilità',
                'ordering': ['-created_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'pending')), fields=('community', 'configuration', 'run', 'kind', 'format', 'first_day', 'last_day'), name='export_one_pending_of_its_sort', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='export_period_is_ordered'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), models.Q(models.Q(('sha256', ''), _negated=True), models.Q(('path', ''), _negated=True), ('made_at__isnull', False)), _connector='OR'), name='export_ready_has_hash')],
            },
        ),
        migrations.CreateModel(
            name='ChartAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=90)),
                ('code', models.CharField(max_length=30, verbose_name='codice del conto')),
                ('name', models.CharField(max_length=120, verbose_name='nome del conto')),
                ('purpose', models.CharField(blank=True, max_length=300, verbose_name='finalità')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chart', to='communities.community', verbose_name='comunità')),
            ],
            options={
                'verbose_name': 'conto contabile',
                'verbose_name_plural': 'piano dei conti',
                'ordering': ['community', 'code'],
                'constraints': [models.UniqueConstraint(fields=('community', 'key'), name='chart_account_once'), models.UniqueConstraint(fields=('community', 'code'), name='chart_code_once')],
            },
        ),
    ]
