"""Contabilità: what the community's accountant takes away, and what GSE wants to have."""
