"""Faded dyes: how far they have faded, and where a mount kept them from it."""
