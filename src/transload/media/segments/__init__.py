"""Long conversions in segments that are kept, so that one that was interrupted goes on after the last of them."""
