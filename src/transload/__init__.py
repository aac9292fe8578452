"""Transload: media out of whatever it is packed in, playable where it is going, delivered exactly once."""
