"""The GSE side of the money in the backoffice: files, reconciliation, receipts, whose amounts are divided."""
