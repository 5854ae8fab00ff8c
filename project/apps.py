"""The installation itself as a Django app, so that its commands, templates and catalogues are found."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ProjectConfig(AppConfig):
    name = "project"
    label = "project"
    verbose_name = "CerCollettiva"

    def ready(self) -> None:
        from project.database_role import pin_guards

        # said once after each migrate, by an app that has models; all migrations are done by then
        post_migrate.connect(pin_guards, sender=apps.get_app_config("settlement"), dispatch_uid="project.pin_guards")
