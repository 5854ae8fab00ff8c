"""The GSE side of the money: what GSE published and the bank received, brought in from files, set beside the own computation."""
