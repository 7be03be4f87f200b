"""Where the page's server is asked in tests, and with which secret."""

SECRET = "s" * 32
HOST = "127.0.0.1:8765"
