"""What a reminder says to a person. Read from its facts, in the language of the moment."""

from apps.invoicing.delivery.models import MailMessage


def list_lines(message: MailMessage) -> list[str]:
    """The lines of a letter of reminders; none for any other letter."""
    return []
