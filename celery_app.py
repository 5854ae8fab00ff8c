"""The Celery application: workers and beat start from here (`celery -A celery_app worker`)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

app = Celery("cercollettiva")
app.config_from_object("django.conf:settings", namespace="CELERY")
