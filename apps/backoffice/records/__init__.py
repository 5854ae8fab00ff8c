"""The records in the admin: one module per subject, everybody inside their own communities, and the pages that import files."""
