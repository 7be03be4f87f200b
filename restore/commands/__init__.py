"""One command a file: `run.py` defines the click command `run`. Found by file name."""
