"""Letters and reminders in the backoffice: who got what, what a person decides about it, what is due when."""
