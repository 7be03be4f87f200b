"""Scratches, dust and other damage: where it is, and what to fill it with."""
