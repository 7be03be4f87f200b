"""Stage light: which lamps lit a photo, how they mix, which hues they leave."""
