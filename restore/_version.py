"""The version: nothing else in the project states it."""

__version__ = "0.1.0"
