"""Delivery to Telegram chats: what a DEST text names, how files get there in parts, how albums are posted once."""
