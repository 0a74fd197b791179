"""Dated public evidence: the ledger of signals and occasions, and the data derived from it."""
