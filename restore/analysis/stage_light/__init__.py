"""Stage light: which lamps there were, how they mix, which hues they leave."""
