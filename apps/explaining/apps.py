from django.apps import AppConfig


class ExplainingConfig(AppConfig):
    """Reads only: it has no tables. Portal and backoffice show what it tells, each to whom it may."""

    name = "apps.explaining"
