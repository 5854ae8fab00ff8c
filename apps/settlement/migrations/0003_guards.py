"""The database says no: sums that do not close, frozen runs that somebody tries to change, states that skip a step."""

from django.db import migrations

# Row triggers on the entries would ask once per entry; statement triggers ask once, then touch the totals, whose deferred
# check runs at commit, when the transaction is complete.
SUMS = """
CREATE FUNCTION settlement_check_contribution_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE posted numeric; wanted bigint;
BEGIN
  SELECT amount_cents INTO wanted FROM settlement_contributiontotal WHERE id = NEW.id;
  IF NOT FOUND THEN RETURN NULL; END IF;
  SELECT coalesce(sum(cents), 0) INTO posted FROM settlement_ledgerentry
   WHERE run_id = NEW.run_id AND contribution = NEW.contribution;
  IF posted <> wanted THEN
    RAISE EXCEPTION 'Entries of run % for % sum to % cents, but the contribution is % cents.',
      NEW.run_id, NEW.contribution, posted, wanted USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER contribution_sum_closes AFTER INSERT OR UPDATE ON settlement_contributiontotal
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION settlement_check_contribution_sum();

CREATE FUNCTION settlement_touch_totals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE orphan record;
BEGIN
  UPDATE settlement_contributiontotal t SET amount_cents = t.amount_cents
    FROM (SELECT DISTINCT run_id, contribution FROM touched) s
   WHERE t.run_id = s.run_id AND t.contribution = s.contribution;
  SELECT s.run_id, s.contribution INTO orphan FROM (SELECT DISTINCT run_id, contribution FROM touched) s
   WHERE NOT EXISTS (SELECT 1 FROM settlement_contributiontotal t WHERE t.run_id = s.run_id AND t.contribution = s.contribution)
     AND EXISTS (SELECT 1 FROM settlement_ledgerentry e WHERE e.run_id = s.run_id AND e.contribution = s.contribution) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'Entries of run % for % have no contribution to add up to.', orphan.run_id, orphan.contribution
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_touch_insert AFTER INSERT ON settlement_ledgerentry
  REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION settlement_touch_totals();
CREATE TRIGGER ledger_touch_update AFTER UPDATE ON settlement_ledgerentry
  REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION settlement_touch_totals();
CREATE TRIGGER ledger_touch_delete AFTER DELETE ON settlement_ledgerentry
  REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION settlement_touch_totals();
"""

FROZEN = """
CREATE FUNCTION settlement_refuse_if_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE frozen bigint;
BEGIN
  SELECT r.id INTO frozen FROM settlement_settlementrun r
   WHERE r.id IN (SELECT run_id FROM touched) AND r.state IN ('approved', 'issued', 'paid', 'reversed') LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'Run % is approved: its results are history and cannot be changed. Open a correction instead.', frozen
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
"""
FROZEN_TABLES = (
    "settlement_ledgerentry",
    "settlement_contributiontotal",
    "settlement_plantresult",
    "settlement_memberresult",
    "settlement_runcurves",
)
FROZEN += "".join(
    f"""
CREATE TRIGGER frozen_{event.lower()} AFTER {event} ON {table} REFERENCING {which} TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_if_frozen();"""
    for table in FROZEN_TABLES
    for event, which in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))
)

STATES = """
CREATE FUNCTION settlement_guard_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lawful boolean;
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
  IF OLD.state IN ('approved', 'issued', 'paid', 'reversed')
     AND to_jsonb(OLD) - 'state' IS DISTINCT FROM to_jsonb(NEW) - 'state' THEN
    RAISE EXCEPTION 'Run % is approved: only its state may go on.', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER run_guard BEFORE UPDATE OR DELETE ON settlement_settlementrun
  FOR EACH ROW EXECUTE FUNCTION settlement_guard_run();
"""

UNDO = """
DROP TRIGGER run_guard ON settlement_settlementrun;
DROP FUNCTION settlement_guard_run();
DROP FUNCTION settlement_refuse_if_frozen() CASCADE;
DROP FUNCTION settlement_touch_totals() CASCADE;
DROP FUNCTION settlement_check_contribution_sum() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("settlement", "0002_rule_parameters")]

    operations = [migrations.RunSQL(SUMS + FROZEN + STATES, UNDO)]
