"""The database says no: accounts that somebody edits, transfers that are not the balance they take, batches changed after their file."""

from django.db import migrations

# Whatever moves or takes a member's money waits for the others of its community (lock space 7110), then looks at what is
# committed: two batches, or a batch and a returned transfer, cannot both count the same cents.
MOVEMENTS = """
CREATE FUNCTION invoicing_movement_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Accounts of members only grow: a movement is never changed or deleted.' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER movement_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON invoicing_accountmovement
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_movement_keep();

CREATE FUNCTION invoicing_movement_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  PERFORM pg_advisory_xact_lock(7110, c.id::int) FROM (
    SELECT DISTINCT m.community_id AS id FROM added a JOIN communities_member m ON m.id = a.member_id ORDER BY 1) c;
  SELECT r.id INTO wrong FROM added a JOIN settlement_settlementrun r ON r.id = a.run_id
   WHERE r.state NOT IN ('issued', 'paid', 'reversed') LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'Run % was not issued, so nobody is owed anything by it.', wrong.id USING ERRCODE = 'check_violation';
  END IF;
  SELECT a.run_id, a.member_id INTO wrong FROM added a LEFT JOIN (
      SELECT run_id, member_id, sum(cents) AS cents FROM settlement_ledgerentry
       WHERE run_id IN (SELECT run_id FROM added) AND member_id IS NOT NULL GROUP BY run_id, member_id) l
    ON l.run_id = a.run_id AND l.member_id = a.member_id
   WHERE a.run_id IS NOT NULL AND a.cents IS DISTINCT FROM (CASE a.kind WHEN 'credit' THEN l.cents ELSE - l.cents END) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'Member % is not credited by run % with what its ledger says.', wrong.member_id, wrong.run_id
      USING ERRCODE = 'check_violation';
  END IF;
  SELECT x.run_id INTO wrong FROM (SELECT DISTINCT run_id FROM added WHERE kind = 'credit') x
   WHERE (SELECT sum(cents) FROM invoicing_accountmovement WHERE run_id = x.run_id AND kind = 'credit') IS DISTINCT FROM
         (SELECT sum(cents) FROM settlement_ledgerentry WHERE run_id = x.run_id AND member_id IS NOT NULL) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'Run % is credited to all of its members or to none.', wrong.run_id USING ERRCODE = 'check_violation';
  END IF;
  SELECT a.run_id, a.member_id INTO wrong FROM added a
   WHERE a.kind = 'outside' AND NOT EXISTS (SELECT 1 FROM invoicing_accountmovement o
     WHERE o.run_id = a.run_id AND o.member_id = a.member_id AND o.kind = 'credit') LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'Run % never credited member %, so nothing can be taken back.', wrong.run_id, wrong.member_id
      USING ERRCODE = 'check_violation';
  END IF;
  SELECT a.transfer_id INTO wrong FROM added a JOIN invoicing_payouttransfer t ON t.id = a.transfer_id
   WHERE t.member_id <> a.member_id
      OR (a.kind = 'transfer' AND (a.cents <> - t.cents OR t.state <> 'executed'))
      OR (a.kind = 'return' AND (a.cents <> t.cents OR t.state <> 'returned' OR NOT EXISTS (
        SELECT 1 FROM invoicing_accountmovement o WHERE o.transfer_id = t.id AND o.kind = 'transfer'))) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The movement is not what transfer % says.', wrong.transfer_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER movement_check AFTER INSERT ON invoicing_accountmovement REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_movement_check();
"""

TRANSFERS = """
CREATE FUNCTION invoicing_transfer_take() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  PERFORM pg_advisory_xact_lock(7110, c.id::int) FROM (
    SELECT DISTINCT m.community_id AS id FROM added a JOIN communities_member m ON m.id = a.member_id ORDER BY 1) c;
  SELECT a.id INTO wrong FROM added a
    JOIN invoicing_payoutbatch b ON b.id = a.batch_id JOIN communities_member m ON m.id = a.member_id
   WHERE b.state <> 'draft' OR a.state <> 'planned' OR b.community_id <> m.community_id LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'A transfer is planned for a member of the community, in a batch that has no file yet.'
      USING ERRCODE = 'check_violation';
  END IF;
  SELECT a.member_id INTO wrong FROM added a LEFT JOIN (
      SELECT v.member_id, sum(v.cents) AS balance, coalesce(sum(v.cents) FILTER (WHERE v.run_id IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM invoicing_payoutrun p WHERE p.run_id = v.run_id AND NOT p.released)), 0) AS held
        FROM invoicing_accountmovement v WHERE v.member_id IN (SELECT member_id FROM added) GROUP BY v.member_id) s
    ON s.member_id = a.member_id
   WHERE a.balance_cents IS DISTINCT FROM s.balance OR a.held_cents IS DISTINCT FROM greatest(0, s.held) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The transfer to member % is not the balance of the account.', wrong.member_id
      USING ERRCODE = 'check_violation';
  END IF;
  UPDATE invoicing_payoutbatch SET total_cents = total_cents WHERE id IN (SELECT batch_id FROM added);
  RETURN NULL;
END $$;
CREATE TRIGGER transfer_take AFTER INSERT ON invoicing_payouttransfer REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_transfer_take();

CREATE FUNCTION invoicing_transfer_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE may_change text[];
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Transfer % cannot be deleted: discard its batch.', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  may_change := ARRAY['state'] || CASE NEW.state
    WHEN 'returned' THEN ARRAY['returned_on', 'return_code', 'returned_by_id', 'returned_at'] ELSE ARRAY[]::text[] END;
  IF (OLD.state, NEW.state) NOT IN (('planned', 'sent'), ('planned', 'cancelled'), ('sent', 'executed'), ('sent', 'cancelled'),
      ('executed', 'returned')) OR to_jsonb(OLD) - may_change IS DISTINCT FROM to_jsonb(NEW) - may_change THEN
    RAISE EXCEPTION 'Transfer % cannot be changed: only its state goes on.', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER transfer_guard BEFORE UPDATE OR DELETE ON invoicing_payouttransfer
  FOR EACH ROW EXECUTE FUNCTION invoicing_transfer_guard();

CREATE FUNCTION invoicing_transfer_close() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE now_state text; batch_state text; moved bigint;
BEGIN
  SELECT t.state, b.state INTO now_state, batch_state FROM invoicing_payouttransfer t
    JOIN invoicing_payoutbatch b ON b.id = t.batch_id WHERE t.id = NEW.id;
  SELECT sum(cents) INTO moved FROM invoicing_accountmovement WHERE transfer_id = NEW.id;
  IF (now_state, batch_state) NOT IN (('planned', 'draft'), ('sent', 'ready'), ('executed', 'executed'),
       ('returned', 'executed'), ('cancelled', 'discarded'))
     OR moved IS DISTINCT FROM (CASE now_state WHEN 'executed' THEN - NEW.cents WHEN 'returned' THEN 0 END) THEN
    RAISE EXCEPTION 'Transfer % is %, its batch is %, its account says %.', NEW.id, now_state, batch_state, moved
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transfer_closes AFTER UPDATE ON invoicing_payouttransfer DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION invoicing_transfer_close();
"""

BATCHES = """
CREATE FUNCTION invoicing_batch_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE may_change text[];
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Batch % cannot be deleted: discard it with a reason.', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'draft' THEN
      RAISE EXCEPTION 'A batch begins as a draft.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.state = NEW.state THEN
    IF OLD.state = 'draft' THEN may_change := ARRAY['error'];
    ELSIF OLD.state = 'ready' AND OLD.downloaded_at IS NULL AND NEW.downloaded_at IS NOT NULL THEN
      may_change := ARRAY['downloaded_at', 'downloaded_by_id'];
    ELSE
      RAISE EXCEPTION 'Batch % has its file and cannot be changed.', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
  ELSIF (OLD.state, NEW.state) = ('draft', 'ready') THEN
    may_change := ARRAY['state', 'content', 'sha256', 'size_bytes', 'file_at', 'error'];
  ELSIF (OLD.state, NEW.state) = ('ready', 'executed') THEN
    may_change := ARRAY['state', 'executed_by_id', 'executed_at', 'executed_on', 'bank_reference'];
  ELSIF (OLD.state, NEW.state) IN (('draft', 'discarded'), ('ready', 'discarded')) THEN
    may_change := ARRAY['state', 'discarded_by_id', 'discarded_at', 'discard_reason'];
  ELSE
    RAISE EXCEPTION 'Batch % cannot go from % to %.', OLD.id, OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
  END IF;
  IF to_jsonb(OLD) - may_change IS DISTINCT FROM to_jsonb(NEW) - may_change THEN
    RAISE EXCEPTION 'Batch %: only % may change.', OLD.id, may_change USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER batch_guard BEFORE INSERT OR UPDATE OR DELETE ON invoicing_payoutbatch
  FOR EACH ROW EXECUTE FUNCTION invoicing_batch_guard();

CREATE FUNCTION invoicing_batch_close() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE batch record; sums record;
BEGIN
  SELECT * INTO batch FROM invoicing_payoutbatch WHERE id = NEW.id;
  SELECT coalesce(sum(t.cents), 0) AS cents, count(*) AS number, count(*) FILTER (WHERE (t.state, batch.state) NOT IN (
      ('planned', 'draft'), ('sent', 'ready'), ('executed', 'executed'), ('returned', 'executed'), ('cancelled', 'discarded')))
      AS astray INTO sums FROM invoicing_payouttransfer t WHERE t.batch_id = NEW.id;
  IF (sums.cents, sums.number, sums.astray) <> (batch.total_cents, batch.transfers_count, 0) THEN
    RAISE EXCEPTION 'Batch % says % cents in % transfers; its transfers are % cents in %, % of them in another state.',
      NEW.id, batch.total_cents, batch.transfers_count, sums.cents, sums.number, sums.astray USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER batch_closes AFTER INSERT OR UPDATE ON invoicing_payoutbatch DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION invoicing_batch_close();

CREATE FUNCTION invoicing_payout_run_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found_state text;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Which runs batch % took in cannot be deleted.', OLD.batch_id USING ERRCODE = 'restrict_violation';
  END IF;
  SELECT b.state INTO found_state FROM invoicing_payoutbatch b WHERE b.id = NEW.batch_id;
  IF TG_OP = 'INSERT' THEN
    IF found_state <> 'draft' OR NEW.released OR EXISTS (SELECT 1 FROM invoicing_payouttransfer WHERE batch_id = NEW.batch_id)
       OR NOT EXISTS (SELECT 1 FROM settlement_settlementrun r JOIN communities_configuration c ON c.id = r.configuration_id
         JOIN invoicing_payoutbatch b ON b.community_id = c.community_id
        WHERE r.id = NEW.run_id AND b.id = NEW.batch_id AND r.state IN ('issued', 'paid', 'reversed')) THEN
      RAISE EXCEPTION 'Run % cannot be taken into batch %.', NEW.run_id, NEW.batch_id USING ERRCODE = 'check_violation';
    END IF;
  ELSIF found_state <> 'discarded' OR OLD.released OR NOT NEW.released
        OR to_jsonb(OLD) - 'released' IS DISTINCT FROM to_jsonb(NEW) - 'released' THEN
    RAISE EXCEPTION 'Which runs batch % took in cannot be changed.', OLD.batch_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_run_guard BEFORE INSERT OR UPDATE OR DELETE ON invoicing_payoutrun
  FOR EACH ROW EXECUTE FUNCTION invoicing_payout_run_guard();

CREATE FUNCTION payouts_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM invoicing_payoutbatch) THEN
    RAISE EXCEPTION 'Table % belongs to batches and cannot be emptied.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER payout_truncate BEFORE TRUNCATE ON invoicing_payoutbatch
  FOR EACH STATEMENT EXECUTE FUNCTION payouts_refuse_truncate();
CREATE TRIGGER payout_truncate BEFORE TRUNCATE ON invoicing_payouttransfer
  FOR EACH STATEMENT EXECUTE FUNCTION payouts_refuse_truncate();
CREATE TRIGGER payout_truncate BEFORE TRUNCATE ON invoicing_payoutrun
  FOR EACH STATEMENT EXECUTE FUNCTION payouts_refuse_truncate();
"""
UNDO = """
DROP FUNCTION invoicing_movement_keep() CASCADE;
DROP FUNCTION invoicing_movement_check() CASCADE;
DROP FUNCTION invoicing_transfer_take() CASCADE;
DROP FUNCTION invoicing_transfer_guard() CASCADE;
DROP FUNCTION invoicing_transfer_close() CASCADE;
DROP FUNCTION invoicing_batch_guard() CASCADE;
DROP FUNCTION invoicing_batch_close() CASCADE;
DROP FUNCTION invoicing_payout_run_guard() CASCADE;
DROP FUNCTION payouts_refuse_truncate() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0030_payouts")]

    operations = [migrations.RunSQL(MOVEMENTS + TRANSFERS + BATCHES, UNDO)]
