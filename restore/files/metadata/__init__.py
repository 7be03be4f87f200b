"""Exif, XMP, IPTC and labels: read, kept, and written to results."""
