"""The one timetable. UTC, away from the hour that the October night repeats; every job looks at what should exist."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """A line of the timetable: crontab fields in UTC, or seconds between two runs."""

    name: str
    task: str
    minute: str = "*"
    hour: str = "*"
    day_of_month: str = "*"
    every_seconds: int = 0


TIMETABLE = (
    # Measures of a month arrive by the 15th of the next (RO p.43); a daily look from the 2nd on opens what is missing.
    Job(
        "Regolazioni provvisorie del mese finito", "settlement.open_provisional_runs", minute="10", hour="5", day_of_month="2-28"
    ),
    Job("Propone le rettifiche per i dati arrivati tardi", "settlement.propose_corrections", minute="40", hour="4"),
    Job("Verifica il registro dei passi", "settlement.verify_trail", minute="20", hour="4"),
    Job("Riprende le regolazioni interrotte", "settlement.resume_runs", every_seconds=60),
    Job("Riprende le importazioni interrotte", "measures.resume_imports", every_seconds=60),
    Job("Svuota la coda dei messaggi", "ingest.drain", every_seconds=5),
    Job("Prova la via dei messaggi", "canary.sing", every_seconds=5),
    Job("Chiude i quarti d'ora", "intervals.close_quarters", every_seconds=60),
    Job("Cerca i dispositivi muti", "devices.detect_offline", every_seconds=30),
    Job("Prepara le partizioni", "ingest.keep_partitions", minute="20", hour="*/6"),
    Job("Aggiorna i promemoria", "reminders.keep_reminders", minute="0", hour="6"),
    Job("Mette in coda i rendiconti da inviare", "mail.queue_statements", every_seconds=300),
    Job("Invia le e-mail in coda", "mail.send_waiting", every_seconds=60),
    Job("Completa i documenti mancanti", "invoicing.complete_documents", every_seconds=300),
    Job("Accredita ai soci le regolazioni emesse", "payouts.book_credits", every_seconds=60),
    Job("Prepara i file per la banca", "payouts.complete_files", every_seconds=60),
    Job("Riprende le esportazioni contabili interrotte", "accountancy.resume_exports", every_seconds=300),
)
