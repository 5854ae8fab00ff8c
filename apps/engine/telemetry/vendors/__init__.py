"""One file per vendor: `VENDOR`, its name, and `ROUTES`, its topics and how they are read. A new file is found by being here."""
