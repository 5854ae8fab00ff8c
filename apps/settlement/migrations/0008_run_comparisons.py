"""Differences of two runs, kept as they were found: the database refuses to change or delete one."""

import django.db.models.deletion
from django.db import migrations, models


KEPT = """
CREATE FUNCTION settlement_keep_comparison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Comparison % is kept as it was found. Compare the runs as they are now instead.', OLD.id
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER comparison_kept BEFORE UPDATE OR DELETE ON settlement_runcomparison
  FOR EACH ROW EXECUTE FUNCTION settlement_keep_comparison();
"""
UNDO = """
DROP TRIGGER comparison_kept ON settlement_runcomparison;
DROP FUNCTION settlement_keep_comparison();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0007_issue_and_payment'),
    ]

    operations = [
        migrations.CreateModel(
            name='RunComparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before_sha256', models.CharField(max_length=64)),
                ('now_sha256', models.CharField(max_length=64)),
                ('causes', models.JSONField(default=list)),
                ('rows', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(verbose_name='creato il')),
                ('before', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.settlementrun', verbose_name='prima')),
                ('now', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comparisons', to='settlement.settlementrun', verbose_name='ora')),
            ],
            options={
                'verbose_name': 'confronto di regolazioni',
                'verbose_name_plural': 'confronti di regolazioni',
                'ordering': ['-created_at'],
                'constraints': [models.UniqueConstraint(fields=('before', 'now', 'before_sha256', 'now_sha256'), name='comparison_unique'), models.CheckConstraint(condition=models.Q(('before', models.F('now')), _negated=True), name='comparison_of_two_runs')],
            },
        ),
        migrations.RunSQL(KEPT, UNDO),
    ]
