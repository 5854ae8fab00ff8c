from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ListenerConfig(AppConfig):
    name = "apps.listener"
    verbose_name = _("Ascolto MQTT")
