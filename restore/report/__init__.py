"""Reports on a photo, in words and pictures."""
