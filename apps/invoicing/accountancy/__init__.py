"""What the community's accountant and GSE are handed: books of a period, the journal, the yearly report, the list of members."""
