"""Corrections point back to the run they correct, and an approved one must bring its month to what it says."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


TELESCOPE = """
CREATE FUNCTION settlement_check_correction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong text;
BEGIN
  SELECT t.contribution INTO wrong FROM settlement_contributiontotal t
   WHERE t.run_id = NEW.id AND t.month_cents IS DISTINCT FROM t.amount_cents + (
     SELECT coalesce(sum(o.amount_cents), 0) FROM settlement_contributiontotal o
       JOIN settlement_settlementrun r ON r.id = o.run_id
      WHERE o.contribution = t.contribution AND r.id <> NEW.id AND r.state IN ('approved', 'issued', 'paid')
        AND (r.id = NEW.corrects_id OR r.corrects_id = NEW.corrects_id)) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'Correction % does not bring % of its month to the amount that it was computed for.', NEW.id, wrong
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER correction_telescopes BEFORE UPDATE OF state ON settlement_settlementrun FOR EACH ROW
  WHEN (NEW.corrects_id IS NOT NULL AND NEW.state = 'approved' AND OLD.state <> 'approved')
  EXECUTE FUNCTION settlement_check_correction();
"""
UNDO = """
DROP TRIGGER correction_telescopes ON settlement_settlementrun;
DROP FUNCTION settlement_check_correction();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0001_initial'),
        ('settlement', '0008_run_comparisons'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='contributiontotal',
            name='month_cents',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='settlementrun',
            name='corrects',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='settlement.settlementrun', verbose_name='rettifica di'),
        ),
        migrations.AlterField(
            model_name='settlementrun',
            name='kind',
            field=models.CharField(choices=[('provisional', 'provvisoria'), ('final', 'definitiva'), ('correction', 'rettifica')], default='provisional', max_length=12, verbose_name='tipo'),
        ),
        migrations.AddConstraint(
            model_name='settlementrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('corrects__isnull', False), ('kind', 'correction')), models.Q(models.Q(('kind', 'correction'), _negated=True), ('corrects__isnull', True)), _connector='OR'), name='run_correction_points_back'),
        ),
        migrations.RunSQL(TELESCOPE, UNDO),
    ]
