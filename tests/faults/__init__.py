"""Faults that are injected into real processes, and sets that are compared afterwards."""
