"""The audit trail, and what keeps it: nothing is changed or removed, and what is added follows the last entry."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TRAIL = """
CREATE FUNCTION settlement_audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit trail keeps what was written: % is refused.', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_auditentry
  FOR EACH STATEMENT EXECUTE FUNCTION settlement_audit_keep();

CREATE FUNCTION settlement_audit_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last record;
BEGIN
  PERFORM pg_advisory_xact_lock(7103, 0);
  SELECT sequence, mac INTO last FROM settlement_auditentry ORDER BY sequence DESC LIMIT 1;
  IF NEW.sequence <> coalesce(last.sequence, 0) + 1 OR NEW.previous_mac <> coalesce(last.mac, '') THEN
    RAISE EXCEPTION 'Entry % does not follow entry % of the audit trail.', NEW.sequence, coalesce(last.sequence, 0)
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_follow BEFORE INSERT ON settlement_auditentry
  FOR EACH ROW EXECUTE FUNCTION settlement_audit_follow();
"""
UNDO = """
DROP FUNCTION settlement_audit_keep() CASCADE;
DROP FUNCTION settlement_audit_follow() CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0005_no_second_index_of_runs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('sequence', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='numero')),
                ('at', models.DateTimeField(verbose_name='quando')),
                ('actor', models.CharField(choices=[('person', 'persona'), ('timetable', 'calendario automatico'), ('command_line', 'riga di comando'), ('worker', 'elaboratore')], max_length=12, verbose_name='chi')),
                ('action', models.CharField(choices=[('open', 'aperta'), ('claim', 'presa in calcolo'), ('compute', 'calcolata'), ('park', 'sospesa'), ('fail', 'non riuscita'), ('retry', 'rimessa in coda'), ('accept_missing', 'misure mancanti accettate'), ('approve', 'approvata'), ('issue', 'emessa'), ('pay', 'pagata'), ('reverse', 'stornata'), ('discard', 'scartata')], max_length=16, verbose_name='passo')),
                ('run_number', models.BigIntegerField(db_index=True, verbose_name='regolazione')),
                ('run_name', models.CharField(max_length=200, verbose_name='nome della regolazione')),
                ('from_state', models.CharField(blank=True, max_length=10, verbose_name='da')),
                ('to_state', models.CharField(blank=True, max_length=10, verbose_name='a')),
                ('reason', models.TextField(blank=True, verbose_name='motivo')),
                ('details', models.JSONField(default=dict, verbose_name='dettagli')),
                ('key_id', models.CharField(max_length=40)),
                ('previous_mac', models.CharField(blank=True, max_length=64)),
                ('mac', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'verbose_name': 'passo registrato',
                'verbose_name_plural': 'registro dei passi',
                'ordering': ['sequence'],
            },
        ),
        migrations.AddField(
            model_name='auditentry',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='persona'),
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('sequence__gte', 1)), name='audit_counts_from_one'),
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('actor', 'person'), ('user__isnull', False)), models.Q(models.Q(('actor', 'person'), _negated=True), ('user__isnull', True)), _connector='OR'), name='audit_person_has_name'),
        ),
        migrations.RunSQL(TRAIL, UNDO),
    ]
