"""Hostile input in bulk: every target is a maker of cases (bytes) and a check of one case. `python -m fuzz --help`."""
