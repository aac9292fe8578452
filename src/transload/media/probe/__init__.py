"""What a media file is: its format by its first bytes, its streams by its header and two decoded frames."""
