"""Faults where money is written down: numbers of documents, runs, payments."""
