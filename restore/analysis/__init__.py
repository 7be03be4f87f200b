"""What a photo tells: noise, tones, casts, damage. Arrays in, arrays out; no step, no file."""
