"""Cabinets, read here block by block, so that damage costs the entries it lies in."""
