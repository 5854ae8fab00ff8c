"""The trail of every step of every run: append an entry, read a run's history, verify that nobody changed the past."""
