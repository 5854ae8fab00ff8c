"""The listener: from the brokers in the backoffice into the queue, until it is told to stop."""

import logging
import signal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.listener.directory import DirectoryTaken, lock_directory
from apps.listener.listening import Listener
from apps.listener.share import Share, ShareRefused
from celery_app import app as celery

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Listens to every enabled broker and puts what it hears into the queue. SIGTERM and SIGINT end it in good order."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--share", default="1/1", metavar="NUMBER/COUNT", help="take this share of the brokers, where several listeners run"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            share = Share.parse(options["share"])
        except ShareRefused as error:
            raise CommandError(str(error), returncode=2) from error
        directory = Path(settings.DATA_DIR) / "spool" / share.name
        try:
            lock = lock_directory(directory)
        except DirectoryTaken as error:
            raise CommandError(str(error)) from error
        with lock:
            listener = Listener(redis_url=settings.CELERY_BROKER_URL, directory=directory, celery=celery, share=share)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: listener.stop())
            signal.set_wakeup_fd(listener.alarm_in.fileno(), warn_on_full_buffer=False)
            log.info("The listener runs; its spool is %s.", directory)
            listener.run()
            signal.set_wakeup_fd(-1)
