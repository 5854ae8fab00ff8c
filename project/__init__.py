"""How this installation is configured. Importing the Celery app here makes every `.delay()` use our Redis."""

from celery_app import app as celery_app

__all__ = ["celery_app"]
