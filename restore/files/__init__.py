"""One format family a file."""
