"""Invoices and credit notes in the backoffice: administrators write, issue and void, accountants look and download."""
