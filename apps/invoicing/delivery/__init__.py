"""Documents and reminders by e-mail: an outbox whose rows are claimed before anybody speaks to a mail server."""
