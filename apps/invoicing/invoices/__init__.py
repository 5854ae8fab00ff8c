"""Invoices and credit notes: drafts, what is frozen when they are issued, and how they are voided."""
