"""From event feeds and lists of headlines to candidates for the ledger, which a person reviews."""
