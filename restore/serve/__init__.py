"""The page: a server on this machine, and what the browser shows.

The server (`app`) holds no pixels: it hands each request to a child process (`views`, `darkroom`),
so that a file that crashes its decoder costs that file and not the page.
"""
