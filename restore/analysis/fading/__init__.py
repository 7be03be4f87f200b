"""Faded dyes: how far they have faded, and where a mount protected them."""
