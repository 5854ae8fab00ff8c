"""Not even the owner of the tables empties the comparisons of runs."""

from django.db import migrations

KEPT = """
CREATE TRIGGER comparison_not_emptied BEFORE TRUNCATE ON settlement_runcomparison
  FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_truncate();
"""
UNDO = "DROP TRIGGER comparison_not_emptied ON settlement_runcomparison;"


class Migration(migrations.Migration):
    dependencies = [("settlement", "0030_gse_side")]

    operations = [migrations.RunSQL(KEPT, UNDO)]
