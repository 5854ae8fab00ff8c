"""The GSE side of the money: publications, receipts, imports, notes and choices, and what keeps them as they were written."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KEPT = ("gseimport", "gsepublication", "bankreceipt", "differencenote", "amountschoice")
GUARDS = """
CREATE FUNCTION settlement_gse_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'What GSE and the bank said is kept as it was written: % of % is refused.', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION settlement_publication_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before settlement_gsepublication;
BEGIN
  SELECT * INTO before FROM settlement_gsepublication WHERE id = NEW.supersedes_id;
  IF (before.configuration_id, before.month, before.item, before.kind, before.round)
     IS DISTINCT FROM (NEW.configuration_id, NEW.month, NEW.item, NEW.kind, NEW.round)
     OR before.plant_id IS DISTINCT FROM NEW.plant_id THEN
    RAISE EXCEPTION 'Publication % cannot take the place of %, which speaks of something else.', NEW.id, NEW.supersedes_id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER publication_follows BEFORE INSERT ON settlement_gsepublication
  FOR EACH ROW WHEN (NEW.supersedes_id IS NOT NULL) EXECUTE FUNCTION settlement_publication_follows();

CREATE FUNCTION settlement_receipt_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before settlement_bankreceipt;
BEGIN
  SELECT * INTO before FROM settlement_bankreceipt WHERE id = NEW.supersedes_id;
  IF (before.community_id, before.value_date, before.cents, before.reference, before.payer, before.occurrence)
     IS DISTINCT FROM (NEW.community_id, NEW.value_date, NEW.cents, NEW.reference, NEW.payer, NEW.occurrence) THEN
    RAISE EXCEPTION 'Receipt % cannot take the place of %: only its configuration may be another.', NEW.id, NEW.supersedes_id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER receipt_follows BEFORE INSERT ON settlement_bankreceipt
  FOR EACH ROW WHEN (NEW.supersedes_id IS NOT NULL) EXECUTE FUNCTION settlement_receipt_follows();
"""
GUARDS += "".join(
    f"""
CREATE TRIGGER gse_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_{table}
  FOR EACH STATEMENT EXECUTE FUNCTION settlement_gse_keep();"""
    for table in KEPT
)
UNDO = """
DROP FUNCTION settlement_gse_keep() CASCADE;
DROP FUNCTION settlement_publication_follows() CASCADE;
DROP FUNCTION settlement_receipt_follows() CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0001_initial'),
        ('settlement', '0021_release_and_checks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GseImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(choices=[('publications', 'importi pubblicati dal GSE'), ('receipts', 'accrediti in banca')], max_length=12, verbose_name='che cosa contiene')),
                ('file_name', models.CharField(max_length=255, verbose_name='file')),
                ('file_sha256', models.CharField(max_length=64)),
                ('mapping', models.JSONField(verbose_name='corrispondenza')),
                ('rows_read', models.PositiveIntegerField(verbose_name='righe lette')),
                ('rows_new', models.PositiveIntegerField(verbose_name='nuove')),
                ('rows_known', models.PositiveIntegerField(verbose_name='già note')),
                ('rows_superseding', models.PositiveIntegerField(verbose_name='sostituite')),
                ('refusals', models.JSONField(default=list, verbose_name='righe rifiutate')),
                ('imported_at', models.DateTimeField(verbose_name='importato il')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community', verbose_name='comunità')),
                ('imported_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='importato da')),
            ],
            options={
                'verbose_name': 'importazione GSE',
                'verbose_name_plural': 'importazioni GSE',
                'ordering': ['-imported_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='AmountsChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(verbose_name='dal mese')),
                ('amounts_from', models.CharField(choices=[('own', 'calcolo proprio'), ('gse', 'importi del GSE')], max_length=3, verbose_name='importi da ripartire')),
                ('chosen_at', models.DateTimeField(verbose_name='il')),
                ('chosen_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='da')),
                ('configuration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.configuration', verbose_name='configurazione')),
            ],
            options={
                'verbose_name': 'scelta degli importi da ripartire',
                'verbose_name_plural': 'scelte degli importi da ripartire',
                'ordering': ['configuration', 'valid_from', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_from__day', 1)), name='choice_from_first_day')],
            },
        ),
        migrations.CreateModel(
            name='DifferenceNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(verbose_name='mese')),
                ('contribution', models.CharField(choices=[('premium', 'tariffa premio'), ('valorisation', 'valorizzazione'), ('excess', 'importo eccedentario')], max_length=12, verbose_name='contributo')),
                ('side', models.CharField(choices=[('gse', 'GSE e calcolo proprio'), ('bank', 'banca e GSE')], max_length=4, verbose_name='fra')),
                ('difference_cents', models.BigIntegerField(verbose_name='differenza (centesimi)')),
                ('note', models.TextField(verbose_name='spiegazione')),
                ('noted_at', models.DateTimeField(verbose_name='il')),
                ('configuration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.configuration', verbose_name='configurazione')),
                ('noted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='da')),
            ],
            options={
                'verbose_name': 'differenza spiegata',
                'verbose_name_plural': 'differenze spiegate',
                'ordering': ['configuration', 'month', 'contribution', 'side', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('month__day', 1)), name='note_month_is_first_day'), models.CheckConstraint(condition=models.Q(('note', ''), _negated=True), name='note_says_something')],
            },
        ),
        migrations.CreateModel(
            name='BankReceipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value_date', models.DateField(verbose_name='valuta')),
                ('cents', models.BigIntegerField(verbose_name='importo (centesimi)')),
                ('reference', models.CharField(blank=True, max_length=140, verbose_name='riferimento (CRO)')),
                ('payer', models.CharField(blank=True, max_length=300, verbose_name='ordinante e causale')),
                ('occurrence', models.PositiveSmallIntegerField(default=1)),
                ('line', models.PositiveIntegerField(verbose_name='riga del file')),
                ('assigned_at', models.DateTimeField(null=True, verbose_name='assegnato il')),
                ('assigned_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='assegnato da')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community', verbose_name='comunità')),
                ('configuration', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.configuration', verbose_name='configurazione')),
                ('supersedes', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='settlement.bankreceipt', verbose_name='sostituisce')),
                ('brought_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='settlement.gseimport', verbose_name='importazione')),
            ],
            options={
                'verbose_name': 'accredito in banca',
                'verbose_name_plural': 'accrediti in banca',
                'ordering': ['community', 'value_date', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('supersedes__isnull', True)), fields=('community', 'value_date', 'cents', 'reference', 'occurrence'), name='receipt_known_once'), models.CheckConstraint(condition=models.Q(models.Q(('assigned_at__isnull', True), ('assigned_by__isnull', True), ('supersedes__isnull', True)), models.Q(('assigned_at__isnull', False), ('assigned_by__isnull', False), ('configuration__isnull', False), ('supersedes__isnull', False)), _connector='OR'), name='receipt_assigned_by_somebody'), models.CheckConstraint(condition=models.Q(('occurrence__gte', 1)), name='receipt_occurrence_from_one')],
            },
        ),
        migrations.CreateModel(
            name='GseMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(choices=[('publications', 'importi pubblicati dal GSE'), ('receipts', 'accrediti in banca')], max_length=12, verbose_name='che cosa contiene')),
                ('name', models.CharField(max_length=80, verbose_name='nome')),
                ('mapping', models.JSONField(verbose_name='corrispondenza')),
                ('saved_at', models.DateTimeField(verbose_name='salvata il')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community', verbose_name='comunità')),
                ('saved_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='salvata da')),
            ],
            options={
                'verbose_name': 'corrispondenza di colonne',
                'verbose_name_plural': 'corrispondenze di colonne',
                'ordering': ['community', 'target', 'name'],
                'constraints': [models.UniqueConstraint(fields=('community', 'target', 'name'), name='gse_mapping_name_unique')],
            },
        ),
        migrations.CreateModel(
            name='GsePublication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(verbose_name='mese')),
                ('item', models.CharField(choices=[('premium', 'tariffa premio'), ('valorisation', 'valorizzazione'), ('excess', 'importo eccedentario'), ('fee', 'spese del GSE')], max_length=12, verbose_name='contributo')),
                ('kind', models.CharField(choices=[('advance', 'acconto'), ('true_up', 'conguaglio'), ('recalculation', 'ricalcolo'), ('fee', 'spese')], max_length=13, verbose_name='tipo')),
                ('round', models.CharField(blank=True, max_length=140)),
                ('cents', models.BigIntegerField(verbose_name='importo (centesimi)')),
                ('published_on', models.DateField(verbose_name='pubblicato il')),
                ('reference', models.CharField(blank=True, max_length=140, verbose_name='riferimento del documento')),
                ('line', models.PositiveIntegerField(verbose_name='riga del file')),
                ('brought_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='publications', to='settlement.gseimport', verbose_name='importazione')),
                ('configuration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.configuration', verbose_name='configurazione')),
                ('plant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.plant', verbose_name='impianto')),
                ('supersedes', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='settlement.gsepublication', verbose_name='sostituisce')),
            ],
            options={
                'verbose_name': 'importo pubblicato dal GSE',
                'verbose_name_plural': 'importi pubblicati dal GSE',
                'ordering': ['configuration', 'month', 'item', 'published_on', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('supersedes__isnull', True)), fields=('configuration', 'month', 'item', 'kind', 'plant', 'round'), name='publication_one_first_per_place', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='publication_month_is_first_day'), models.CheckConstraint(condition=models.Q(models.Q(('item', 'fee'), ('kind', 'fee')), models.Q(models.Q(('item', 'fee'), _negated=True), models.Q(('kind', 'fee'), _negated=True)), _connector='OR'), name='publication_fee_is_a_fee')],
            },
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
