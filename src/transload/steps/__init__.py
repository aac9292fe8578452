"""The steps of the page: reading a source, staging, preparing, writing outcomes. They know ports only."""
