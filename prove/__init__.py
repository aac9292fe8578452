"""The long proofs, one named part for each kind of guarantee: `make prove`."""
