"""What was seen in a photo, in words and pictures."""
