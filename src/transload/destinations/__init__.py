"""Where media is delivered: adapters of the `Destination` port, found by scheme in the registry."""
