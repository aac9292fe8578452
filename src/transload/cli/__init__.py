"""The command line: one module a command group, the only room that prints."""
