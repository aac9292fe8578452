"""Archives that are headers with plain bytes after them: cpio and ar."""
