"""What administrators keep: records of offices and what belongs to them, accounts, devices, the audit log."""
