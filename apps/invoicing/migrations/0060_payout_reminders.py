"""One more kind of reminder: batches for the bank that wait."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('invoicing', '0050_delivery_and_reminders'),
    ]

    operations = [
        migrations.AlterField(
            model_name='reminder',
            name='kind',
            field=models.CharField(choices=[('month_missing', 'mese senza regolazione approvata'), ('approval_waits', 'regolazione da approvare'), ('payment_waits', 'regolazione emessa da pagare'), ('gse_expected', 'pubblicazione del GSE da importare'), ('mail_trouble', 'e-mail non arrivate'), ('correction_waits', 'rettifica proposta'), ('parameter_missing', 'parametro dell’anno da registrare'), ('yearly_report', 'rendicontazione annuale al GSE'), ('payout_waits', 'distinta di pagamento da seguire')], max_length=20, verbose_name='tipo'),
        ),
    ]
