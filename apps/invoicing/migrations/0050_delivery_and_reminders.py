"""The outbox of letters with its steps, who wants mail, reminders and who is in charge of them."""

import apps.communities.models.validity
import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# What happened to a letter is history: written once.
STEPS = """
CREATE FUNCTION invoicing_refuse_change_of_mail_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Step % of e-mail % is history and stays as it is.', OLD.id, OLD.message_id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER mail_step_stays BEFORE UPDATE OR DELETE ON invoicing_mailstep
  FOR EACH ROW EXECUTE FUNCTION invoicing_refuse_change_of_mail_step();
"""
UNDO = "DROP FUNCTION invoicing_refuse_change_of_mail_step() CASCADE;"


class Migration(migrations.Migration):

    dependencies = [
        ('communities', '0001_initial'),
        ('invoicing', '0040_accountancy'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CommunityDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('statements', models.CharField(choices=[('link', 'solo il collegamento al portale'), ('attach', 'con il PDF allegato'), ('off', 'nessuna e-mail')], default='link', max_length=6, verbose_name='rendiconti per e-mail')),
                ('sends_since', models.DateTimeField(null=True, verbose_name='invia da')),
                ('changed_at', models.DateTimeField(verbose_name='cambiato il')),
                ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='cambiato da')),
                ('community', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='delivery', to='communities.community', verbose_name='comunità')),
            ],
            options={
                'verbose_name': 'invio dei rendiconti',
                'verbose_name_plural': 'invio dei rendiconti',
            },
        ),
        migrations.CreateModel(
            name='MailMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=120, unique=True)),
                ('kind', models.CharField(choices=[('statement', 'rendiconto'), ('reminders', 'promemoria')], max_length=10, verbose_name='tipo')),
                ('address', models.EmailField(max_length=254, verbose_name='indirizzo')),
                ('state', models.CharField(choices=[('queued', 'in coda'), ('sending', 'in invio'), ('sent', 'inviata'), ('bounced', 'respinta'), ('failed', 'non riuscita'), ('unknown', 'esito ignoto'), ('withdrawn', 'ritirata')], default='queued', max_length=10, verbose_name='stato')),
                ('occasion', models.PositiveSmallIntegerField(default=1, verbose_name='invio numero')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='tentativi')),
                ('claim', models.UUIDField(null=True)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(verbose_name='da inviare dal')),
                ('queued_at', models.DateTimeField(verbose_name='in coda dal')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='inviata il')),
                ('detail', models.TextField(blank=True, verbose_name='che cosa si sa')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='communities.community', verbose_name='comunità')),
                ('document', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='invoicing.issueddocument', verbose_name='documento')),
                ('member', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='communities.member', verbose_name='socio')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mails', to=settings.AUTH_USER_MODEL, verbose_name='destinatario')),
            ],
            options={
                'verbose_name': 'e-mail',
                'verbose_name_plural': 'e-mail',
                'ordering': ['-queued_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='MailStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='quando')),
                ('occasion', models.PositiveSmallIntegerField(verbose_name='invio numero')),
                ('to_state', models.CharField(choices=[('queued', 'in coda'), ('sending', 'in invio'), ('sent', 'inviata'), ('bounced', 'respinta'), ('failed', 'non riuscita'), ('unknown', 'esito ignoto'), ('withdrawn', 'ritirata')], max_length=10, verbose_name='stato')),
                ('detail', models.TextField(blank=True, verbose_name='che cosa si sa')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='invoicing.mailmessage')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='persona')),
            ],
            options={
                'verbose_name': 'passo di una e-mail',
                'verbose_name_plural': 'passi delle e-mail',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='MemberMailChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wants_statements', models.BooleanField(default=True, verbose_name='riceve i rendiconti per e-mail')),
                ('language', models.CharField(choices=[('it', 'Italiano'), ('en', 'Inglese')], default='it', max_length=2, verbose_name='lingua')),
                ('changed_at', models.DateTimeField(verbose_name='cambiato il')),
                ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='cambiato da')),
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='mail_choice', to='communities.member', verbose_name='socio')),
            ],
            options={
                'verbose_name': 'scelta del socio',
                'verbose_name_plural': 'scelte dei soci',
            },
        ),
        migrations.CreateModel(
            name='PersonInCharge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(verbose_name='dal')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='fino al (escluso)')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='people_in_charge', to='communities.community', verbose_name='comunità')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='persona')),
            ],
            options={
                'verbose_name': 'incaricato',
                'verbose_name_plural': 'incaricati',
                'ordering': ['community', 'valid_from'],
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=160, unique=True)),
                ('kind', models.CharField(choices=[('month_missing', 'mese senza regolazione approvata'), ('approval_waits', 'regolazione da approvare'), ('payment_waits', 'regolazione emessa da pagare'), ('gse_expected', 'pubblicazione del GSE da importare'), ('mail_trouble', 'e-mail non arrivate'), ('correction_waits', 'rettifica proposta'), ('parameter_missing', 'parametro dell’anno da registrare'), ('yearly_report', 'rendicontazione annuale al GSE')], max_length=20, verbose_name='tipo')),
                ('facts', models.JSONField(default=dict, verbose_name='dettagli')),
                ('due_on', models.DateField(verbose_name='entro il')),
                ('opened_at', models.DateTimeField(verbose_name='aperto il')),
                ('done_at', models.DateTimeField(null=True, verbose_name='fatto il')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='communities.community', verbose_name='comunità')),
                ('configuration', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='communities.configuration', verbose_name='configurazione')),
                ('done_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='fatto da')),
            ],
            options={
                'verbose_name': 'promemoria',
                'verbose_name_plural': 'promemoria',
                'ordering': ['due_on', 'key'],
            },
        ),
        migrations.CreateModel(
            name='ReminderMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='invoicing.mailmessage')),
                ('reminder', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mails', to='invoicing.reminder')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'promemoria scritto',
                'verbose_name_plural': 'promemoria scritti',
            },
        ),
        migrations.CreateModel(
            name='ReminderSilence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='communities.community')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'rinuncia ai promemoria',
                'verbose_name_plural': 'rinunce ai promemoria',
            },
        ),
        migrations.AddIndex(
            model_name='mailmessage',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['due_at'], name='mail_waiting'),
        ),
        migrations.AddConstraint(
            model_name='mailmessage',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'statement')), fields=('document', 'member'), name='mail_one_per_document_and_recipient'),
        ),
        migrations.AddConstraint(
            model_name='mailmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('document__isnull', False), ('kind', 'statement'), ('member__isnull', False), ('user__isnull', True)), models.Q(('document__isnull', True), ('kind', 'reminders'), ('member__isnull', True), ('user__isnull', False)), _connector='OR'), name='mail_has_its_recipient'),
        ),
        migrations.AddConstraint(
            model_name='mailmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'sending'), _negated=True), models.Q(('claim__isnull', False), ('claimed_at__isnull', False)), _connector='OR'), name='mail_sending_is_claimed'),
        ),
        migrations.AddConstraint(
            model_name='mailmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', False), _connector='OR'), name='mail_sent_has_time'),
        ),
        migrations.AddConstraint(
            model_name='personincharge',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(apps.communities.models.validity.DateRange('valid_from', 'valid_to', models.Value('[)')), '&&'), ('community', '=')], name='people_in_charge_do_not_overlap'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(('done_by__isnull', True), ('done_at__isnull', False), _connector='OR'), name='reminder_done_by_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='remindermail',
            constraint=models.UniqueConstraint(fields=('reminder', 'user'), name='reminder_written_once_to_each'),
        ),
        migrations.AddConstraint(
            model_name='remindersilence',
            constraint=models.UniqueConstraint(fields=('user', 'community'), name='silence_one_per_community'),
        ),
        migrations.RunSQL(STEPS, UNDO),
    ]
