"""What a person says that a receipt from GSE pays, kept as it was said."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARDS = """
CREATE FUNCTION settlement_match_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.supersedes_id IS NOT NULL AND NEW.receipt_id IS DISTINCT FROM (
       SELECT receipt_id FROM settlement_receiptmatch WHERE id = NEW.supersedes_id) THEN
    RAISE EXCEPTION 'Match % cannot take the place of %, which is about another receipt.', NEW.id, NEW.supersedes_id
      USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.publication_id IS NOT NULL AND NOT EXISTS (
       SELECT FROM settlement_bankreceipt r JOIN settlement_gsepublication p ON p.configuration_id = r.configuration_id
        WHERE r.id = NEW.receipt_id AND p.id = NEW.publication_id) THEN
    RAISE EXCEPTION 'Receipt % cannot pay publication %, which is of another configuration.', NEW.receipt_id, NEW.publication_id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER match_follows BEFORE INSERT ON settlement_receiptmatch
  FOR EACH ROW EXECUTE FUNCTION settlement_match_follows();
CREATE TRIGGER gse_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_receiptmatch
  FOR EACH STATEMENT EXECUTE FUNCTION settlement_gse_keep();
"""
UNDO = """
DROP TRIGGER gse_keep ON settlement_receiptmatch;
DROP FUNCTION settlement_match_follows() CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0040_comparisons_not_emptied'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReceiptMatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('says', models.CharField(choices=[('pays', 'paga questo importo'), ('nothing', 'non paga niente di atteso'), ('proposed', 'come propone il programma')], max_length=8, verbose_name='che cosa paga')),
                ('reason', models.TextField(verbose_name='perché')),
                ('said_at', models.DateTimeField(verbose_name='il')),
                ('publication', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.gsepublication', verbose_name='importo pubblicato dal GSE')),
                ('receipt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='settlement.bankreceipt', verbose_name='accredito')),
                ('said_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='da')),
                ('supersedes', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='settlement.receiptmatch', verbose_name='sostituisce')),
            ],
            options={
                'verbose_name': 'abbinamento di un accredito',
                'verbose_name_plural': 'abbinamenti di accrediti',
                'ordering': ['receipt', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('supersedes__isnull', True)), fields=('receipt',), name='match_one_first_per_receipt'), models.CheckConstraint(condition=models.Q(models.Q(('publication__isnull', False), ('says', 'pays')), models.Q(models.Q(('says', 'pays'), _negated=True), ('publication__isnull', True)), _connector='OR'), name='match_names_what_is_paid'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='match_has_a_reason')],
            },
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
