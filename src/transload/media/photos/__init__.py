"""Photos, inside the decoder child: proved whole, thumbnails, converted to a safe JPEG."""
