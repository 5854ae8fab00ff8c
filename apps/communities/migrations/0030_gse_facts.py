
import apps.accounts.encryption
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0020_invoice_issuer'),
    ]

    operations = [
        migrations.AddField(
            model_name='member',
            name='ateco',
            field=models.CharField(blank=True, max_length=8, verbose_name='codice ATECO'),
        ),
        migrations.AddField(
            model_name='member',
            name='business_name',
            field=models.CharField(blank=True, max_length=200, verbose_name='ragione sociale o nome della ditta'),
        ),
        migrations.AddField(
            model_name='member',
            name='first_name',
            field=models.CharField(blank=True, max_length=100, verbose_name='nome di battesimo'),
        ),
        migrations.AddField(
            model_name='member',
            name='is_professional_partnership',
            field=models.BooleanField(default=False, verbose_name='studio associato o società di professionisti'),
        ),
        migrations.AddField(
            model_name='member',
            name='last_name',
            field=models.CharField(blank=True, max_length=100, verbose_name='cognome'),
        ),
        migrations.AddField(
            model_name='member',
            name='legal_form',
            field=models.CharField(blank=True, max_length=60, verbose_name='forma giuridica'),
        ),
        migrations.AddField(
            model_name='member',
            name='legal_type',
            field=models.CharField(blank=True, choices=[('person', 'persona fisica'), ('organisation', 'persona giuridica')], max_length=12, verbose_name='tipologia giuridica'),
        ),
        migrations.AddField(
            model_name='member',
            name='local_authority_type',
            field=models.CharField(blank=True, max_length=100, verbose_name='sottotipologia di amministrazione locale (ISTAT)'),
        ),
        migrations.AddField(
            model_name='member',
            name='subject_type',
            field=models.CharField(blank=True, max_length=100, verbose_name='tipologia di soggetto'),
        ),
        migrations.AddField(
            model_name='member',
            name='vat_number',
            field=apps.accounts.encryption.EncryptedTextField(blank=True, verbose_name='partita IVA'),
        ),
    ]
