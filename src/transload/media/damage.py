"""The one error that photo code inside the decoder child raises about a file."""


class DamagedError(Exception):
    """The file's bytes do not decode; the text says how, without naming our paths."""
