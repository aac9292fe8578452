"""The ledger: the one SQL database that remembers everything, and the stores whose files have rows in it."""
