"""The first approved run of a month is its base; every later one points back to it and posts the difference, also a final one.

The database says so too: a month has one base, what points back to a base stands on an approved one, a reversal leaves nothing
of the month, and nothing becomes reversed without one. A run parked for its amounts goes on when a person released it.
"""

import django.db.models.deletion
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
      ('computed', 'approved'), ('computed', 'parked'), ('parked', 'draft'), ('parked', 'computed'), ('failed', 'draft'),
      ('approved', 'issued'), ('issued', 'paid'), ('issued', 'reversed'), ('paid', 'reversed'));
    IF NOT lawful THEN
      RAISE EXCEPTION 'Run % cannot go from % to %.', OLD.id, OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'reversed' AND NOT EXISTS (
         SELECT 1 FROM settlement_settlementrun r WHERE r.kind = 'reversal' AND r.state IN ('approved', 'issued', 'paid')
            AND r.corrects_id = coalesce(NEW.corrects_id, NEW.id)) THEN
      RAISE EXCEPTION 'Run % cannot be reversed without an approved reversal.', OLD.id USING ERRCODE = 'restrict_violation';
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

BASES = """
CREATE FUNCTION settlement_check_base() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE other bigint; wrong text;
BEGIN
  IF NEW.corrects_id IS NULL THEN
    SELECT r.id INTO other FROM settlement_settlementrun r
     WHERE r.configuration_id = NEW.configuration_id AND r.month = NEW.month AND r.corrects_id IS NULL AND r.id <> NEW.id
       AND r.state IN ('approved', 'issued', 'paid') LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'Run % posts the whole month, but run % already did.', NEW.id, other USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NOT EXISTS (
       SELECT 1 FROM settlement_settlementrun r WHERE r.id = NEW.corrects_id AND r.corrects_id IS NULL
          AND r.configuration_id = NEW.configuration_id AND r.month = NEW.month AND r.state IN ('approved', 'issued', 'paid')) THEN
    RAISE EXCEPTION 'Run % posts the difference to run %, which is not the base of its month.', NEW.id, NEW.corrects_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.kind = 'reversal' THEN
    SELECT e.contribution INTO wrong FROM settlement_ledgerentry e JOIN settlement_settlementrun r ON r.id = e.run_id
     WHERE r.id = NEW.id OR (r.state IN ('approved', 'issued', 'paid') AND NEW.corrects_id IN (r.id, r.corrects_id))
     GROUP BY e.contribution, e.member_id, e.account HAVING sum(e.cents) <> 0 LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'Reversal % leaves something of the % of its month.', NEW.id, wrong USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER month_has_one_base BEFORE UPDATE OF state ON settlement_settlementrun FOR EACH ROW
  WHEN (NEW.state = 'approved' AND OLD.state <> 'approved') EXECUTE FUNCTION settlement_check_base();
"""
UNDO = """
DROP TRIGGER month_has_one_base ON settlement_settlementrun;
DROP FUNCTION settlement_check_base();
"""

KINDS = [
    ("advance", "acconto"),
    ("provisional", "provvisoria"),
    ("final", "definitiva"),
    ("correction", "rettifica"),
    ("reversal", "storno"),
]
POINTS_BACK = (
    models.Q(("kind__in", ["provisional", "final"]))
    | models.Q(("corrects__isnull", True), ("kind", "advance"))
    | models.Q(("corrects__isnull", False), ("kind__in", ["correction", "reversal"]))
)


class Migration(migrations.Migration):
    dependencies = [("settlement", "0010_correction_proposals")]

    operations = [
        migrations.RemoveConstraint(model_name="settlementrun", name="run_correction_points_back"),
        migrations.AlterField(
            model_name="settlementrun",
            name="kind",
            field=models.CharField(choices=KINDS, default="provisional", max_length=12, verbose_name="tipo"),
        ),
        migrations.AlterField(
            model_name="settlementrun",
            name="corrects",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="corrections",
                to="settlement.settlementrun",
                verbose_name="rettifica di",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementrun",
            constraint=models.CheckConstraint(condition=POINTS_BACK, name="run_correction_points_back"),
        ),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
        migrations.RunSQL(BASES, UNDO),
    ]
