"""Archives streamed entry by entry: nothing here writes a file or uses an entry's name as a path."""
