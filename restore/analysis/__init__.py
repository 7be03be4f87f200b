"""What can be measured in a photo: noise, tones, casts, damage. Arrays in, arrays out."""
