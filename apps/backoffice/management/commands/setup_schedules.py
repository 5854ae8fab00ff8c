"""Write the timetable into the database that beat reads."""

from typing import Any

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from project.commands import JsonCommand
from tasks.schedule import TIMETABLE, Job


class Command(JsonCommand):
    help = "Writes the timetable; running it again changes nothing, and what an operator paused stays paused."

    def answer(self, **options: Any) -> dict[str, Any]:
        counts = {"created": 0, "updated": 0, "unchanged": 0}
        for job in TIMETABLE:
            counts[_write(job)] += 1
        return counts

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write("Timetable: " + ", ".join(f"{count} {what}" for what, count in answer.items()))


def _write(job: Job) -> str:
    when: dict[str, Any]
    if job.every_seconds:
        interval, _ = IntervalSchedule.objects.get_or_create(every=job.every_seconds, period=IntervalSchedule.SECONDS)
        when = {"interval": interval, "crontab": None}
    else:
        crontab, _ = CrontabSchedule.objects.get_or_create(
            minute=job.minute, hour=job.hour, day_of_month=job.day_of_month, day_of_week="*", month_of_year="*", timezone="UTC"
        )
        when = {"crontab": crontab, "interval": None}
    wanted = {"task": job.task, **when}
    # `enabled` is the operator's: it is set by default on creation and never written again.
    task, created = PeriodicTask.objects.get_or_create(name=job.name, defaults=wanted)
    if created:
        return "created"
    if all(getattr(task, name) == value for name, value in wanted.items()):
        return "unchanged"
    for name, value in wanted.items():
        setattr(task, name, value)
    task.save()
    return "updated"
