"""Issued and paid: when and by whom. They are the only columns of an approved run that may still change, each with its step."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARD = """
CREATE OR REPLACE FUNCTION settlement_guard_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lawful boolean; may_change text[];
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.state IN ('approved', 'issued', 'paid', 'reversed') THEN
      RAISE EXCEPTION 'Run % is approved and cannot be deleted.', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF OLD.state <> NEW.state THEN
    lawful := (OLD.state, NEW.state) IN (
      ('draft', 'computing'), ('draft', 'failed'), ('draft', 'parked'),
      ('computing', 'computed'), ('computing', 'failed'), ('computing', 'parked'), ('computing', 'draft'),
      ('computed', 'approved'), ('computed', 'parked'), ('parked', 'draft'), ('failed', 'draft'),
      ('approved', 'issued'), ('issued', 'paid'), ('issued', 'reversed'));
    IF NOT lawful THEN
      RAISE EXCEPTION 'Run % cannot go from % to %.', OLD.id, OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  IF OLD.state IN ('approved', 'issued', 'paid', 'reversed') THEN
    IF OLD.state = NEW.state THEN
      RAISE EXCEPTION 'Run % is approved: only its state may go on.', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    may_change := ARRAY['state'] || CASE NEW.state
      WHEN 'issued' THEN ARRAY['issued_at', 'issued_by_id']
      WHEN 'paid' THEN ARRAY['paid_at', 'paid_by_id', 'paid_on', 'payment_reference']
      ELSE ARRAY[]::text[] END;
    IF to_jsonb(OLD) - may_change IS DISTINCT FROM to_jsonb(NEW) - may_change THEN
      RAISE EXCEPTION 'Run % is approved: only its state, and %, may change.', OLD.id, may_change
        USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
"""

# TRUNCATE passes every trigger on rows; transition tables do not exist for it.
TRUNCATE = """
CREATE FUNCTION settlement_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM settlement_settlementrun WHERE state IN ('approved', 'issued', 'paid', 'reversed')) THEN
    RAISE EXCEPTION 'Table % holds approved runs and cannot be emptied.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
"""
TABLES = (
    "settlement_settlementrun",
    "settlement_ledgerentry",
    "settlement_contributiontotal",
    "settlement_plantresult",
    "settlement_memberresult",
    "settlement_pointresult",
    "settlement_runcurves",
)
TRUNCATE += "".join(
    f"""
CREATE TRIGGER frozen_truncate BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_truncate();"""
    for table in TABLES
)
UNDO = "DROP FUNCTION settlement_refuse_truncate() CASCADE;"


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0006_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='settlementrun',
            name='issued_at',
            field=models.DateTimeField(null=True, verbose_name='emessa il'),
        ),
        migrations.AddField(
            model_name='settlementrun',
            name='issued_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='emessa da'),
        ),
        migrations.AddField(
            model_name='settlementrun',
            name='paid_at',
            field=models.DateTimeField(null=True, verbose_name='pagamento annotato il'),
        ),
        migrations.AddField(
            model_name='settlementrun',
            name='paid_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='pagamento annotato da'),
        ),
        migrations.AddField(
            model_name='settlementrun',
            name='paid_on',
            field=models.DateField(null=True, verbose_name='pagata il'),
        ),
        migrations.AddField(
            model_name='settlementrun',
            name='payment_reference',
            field=models.CharField(blank=True, max_length=140, verbose_name='riferimento del pagamento'),
        ),
        migrations.AddConstraint(
            model_name='settlementrun',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'reversed'), models.Q(('issued_at__isnull', False), ('state__in', ['issued', 'paid'])), models.Q(models.Q(('state__in', ['issued', 'paid']), _negated=True), ('issued_at__isnull', True), ('issued_by__isnull', True)), _connector='OR'), name='run_issue_is_complete'),
        ),
        migrations.AddConstraint(
            model_name='settlementrun',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'reversed'), models.Q(('paid_at__isnull', False), ('paid_by__isnull', False), ('paid_on__isnull', False), ('state', 'paid'), models.Q(('payment_reference', ''), _negated=True)), models.Q(models.Q(('state', 'paid'), _negated=True), ('paid_at__isnull', True), ('paid_by__isnull', True), ('paid_on__isnull', True), ('payment_reference', '')), _connector='OR'), name='run_payment_is_complete'),
        ),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
        migrations.RunSQL(TRUNCATE, UNDO),
    ]
