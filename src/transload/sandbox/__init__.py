"""An MTProto server of our own, to try Telegram without an account; it imports nothing of ours, nobody imports it."""
