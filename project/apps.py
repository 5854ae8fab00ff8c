"""The installation itself as a Django app, so that its commands, templates and catalogues are found."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "project"
    label = "project"
    verbose_name = "CerCollettiva"
