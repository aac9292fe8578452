"""Zip archives, read here: the directory, damaged ones, and what lies between."""
