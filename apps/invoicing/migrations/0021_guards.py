"""The database says no: numbers with gaps, issued invoices and their lines that somebody changes, printed files that change."""

from django.db import migrations

# A counter rises by one at a time, and at commit somebody must bear each number that it gave.
NUMBERS = """
CREATE FUNCTION invoicing_guard_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.last <> 0 THEN
      RAISE EXCEPTION 'A series of numbers begins at 0, not at %.', NEW.last USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF OLD.last > 0 THEN
      RAISE EXCEPTION 'Series %/% has given numbers and cannot be deleted.', OLD.year, OLD.series
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF (OLD.id, OLD.issuer_id, OLD.year, OLD.series) IS DISTINCT FROM (NEW.id, NEW.issuer_id, NEW.year, NEW.series)
     OR NEW.last <> OLD.last + 1 THEN
    RAISE EXCEPTION 'The numbers of series %/% only go on one by one: % follows %.', OLD.year, OLD.series, OLD.last + 1, OLD.last
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER series_guard BEFORE INSERT OR UPDATE OR DELETE ON invoicing_numberseries
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_series();

CREATE FUNCTION invoicing_check_number_is_borne() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM invoicing_invoice
    WHERE issuer_id = NEW.issuer_id AND year = NEW.year AND series = NEW.series AND number = NEW.last;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Number % of series %/% was taken and no document bears it: that would be a gap.',
      NEW.last, NEW.year, NEW.series USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER series_number_is_borne AFTER UPDATE ON invoicing_numberseries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION invoicing_check_number_is_borne();

CREATE FUNCTION invoicing_check_number_was_taken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM invoicing_numberseries
    WHERE issuer_id = NEW.issuer_id AND year = NEW.year AND series = NEW.series AND last >= NEW.number;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Number % of series %/% was never taken from the counter.', NEW.number, NEW.year, NEW.series
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER invoice_number_was_taken AFTER INSERT OR UPDATE ON invoicing_invoice
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.number IS NOT NULL) EXECUTE FUNCTION invoicing_check_number_was_taken();
"""

INVOICES = """
CREATE FUNCTION invoicing_guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE original record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'draft' THEN
      RAISE EXCEPTION 'An invoice begins as a draft.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.state = 'issued' THEN
    RAISE EXCEPTION 'Invoice % is issued: it cannot be changed or deleted. Void it with a credit note.', OLD.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  IF NEW.state = 'issued' AND NEW.voids_id IS NOT NULL THEN
    SELECT * INTO original FROM invoicing_invoice WHERE id = NEW.voids_id;
    IF (original.state, original.kind, original.issuer_id, original.customer_id, original.total_cents)
       IS DISTINCT FROM ('issued', 'TD01', NEW.issuer_id, NEW.customer_id, NEW.total_cents) THEN
      RAISE EXCEPTION 'Credit note % does not void invoice % as a whole.', NEW.id, NEW.voids_id USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  IF NEW.state = 'issued' AND NEW.replaces_id IS NOT NULL THEN
    PERFORM 1 FROM invoicing_invoice WHERE voids_id = NEW.replaces_id AND state = 'issued' AND issuer_id = NEW.issuer_id;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'Invoice % replaces invoice %, which is not voided.', NEW.id, NEW.replaces_id
        USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER invoice_guard BEFORE INSERT OR UPDATE OR DELETE ON invoicing_invoice
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_invoice();

CREATE FUNCTION invoicing_guard_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- first wait for an issue in progress, then ask again: no line slips in between
  PERFORM 1 FROM invoicing_invoice WHERE id IN (
    CASE WHEN TG_OP <> 'INSERT' THEN OLD.invoice_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.invoice_id END) FOR SHARE;
  PERFORM 1 FROM invoicing_invoice WHERE state = 'issued' AND id IN (
    CASE WHEN TG_OP <> 'INSERT' THEN OLD.invoice_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.invoice_id END);
  IF FOUND THEN
    RAISE EXCEPTION 'The lines of an issued invoice are history.' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER line_guard BEFORE INSERT OR UPDATE OR DELETE ON invoicing_invoiceline
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_line();

CREATE FUNCTION invoicing_guard_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.community_id, OLD.member_id) IS DISTINCT FROM (NEW.id, NEW.community_id, NEW.member_id)
     AND EXISTS (SELECT 1 FROM invoicing_invoice WHERE customer_id = OLD.id AND state = 'issued') THEN
    RAISE EXCEPTION 'Customer % has invoices: whose they are cannot be changed.', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER customer_guard BEFORE UPDATE ON invoicing_customer
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_customer();
"""

# What a worker may fill in, once: state, path, hash, size, error and time.
FILES = """
CREATE FUNCTION invoicing_guard_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE filled text[] := ARRAY['state', 'path', 'sha256', 'size_bytes', 'error', 'rendered_at'];
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Document % of % was frozen and cannot be deleted.', OLD.id, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state = 'ready' THEN
    RAISE EXCEPTION 'Document % of % is ready and cannot be changed.', OLD.id, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  IF to_jsonb(OLD) - filled IS DISTINCT FROM to_jsonb(NEW) - filled THEN
    RAISE EXCEPTION 'What document % of % says is frozen.', OLD.id, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER file_guard BEFORE UPDATE OR DELETE ON invoicing_invoicefile
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_file();
CREATE TRIGGER file_guard BEFORE UPDATE OR DELETE ON invoicing_issueddocument
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_file();
"""

TRUNCATE = """
CREATE FUNCTION invoicing_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM invoicing_invoice WHERE state = 'issued') OR EXISTS (SELECT 1 FROM invoicing_issueddocument)
     OR EXISTS (SELECT 1 FROM invoicing_numberseries WHERE last > 0) THEN
    RAISE EXCEPTION 'Table % holds issued documents and cannot be emptied.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
"""
TRUNCATE += "".join(
    f"""
CREATE TRIGGER issued_truncate BEFORE TRUNCATE ON invoicing_{table}
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_refuse_truncate();"""
    for table in ("invoice", "invoiceline", "invoicefile", "issueddocument", "numberseries", "customer")
)

UNDO = "".join(
    f"DROP FUNCTION invoicing_{name}() CASCADE;"
    for name in (
        "refuse_truncate",
        "guard_file",
        "guard_customer",
        "guard_line",
        "guard_invoice",
        "check_number_was_taken",
        "check_number_is_borne",
        "guard_series",
    )
)


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0020_invoices")]

    operations = [migrations.RunSQL(NUMBERS + INVOICES + FILES + TRUNCATE, UNDO)]
