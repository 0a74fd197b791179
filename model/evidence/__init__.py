"""What was public when: the ledger of signals and occasions, and what a fit and a forecast see of it."""
