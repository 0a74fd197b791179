"""What was public when: the ledger of signals and occasions, and the views of it that a fit and a forecast use."""
