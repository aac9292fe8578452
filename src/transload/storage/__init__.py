"""The ledger (one SQL database that remembers everything), scratch (bytes on their way) and quarantine (bytes kept)."""
