"""Programs that are started beside ours: their launcher with its limits, and the register of who runs."""
