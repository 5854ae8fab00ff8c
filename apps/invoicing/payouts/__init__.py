"""What members are owed and how it is paid: accounts that only grow, batches for the bank, returned transfers."""
