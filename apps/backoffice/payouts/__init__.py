"""Payouts and accounts of members in the backoffice."""
