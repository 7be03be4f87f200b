"""Written files are read back before they get their names: complete, and right to the last row.

Each format's `check` does it the cheapest way; these are the parts they share.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from restore.color.space import Samples


def cut_off() -> OSError:
    """The error for a file that differs from what was to be written."""
    return OSError(errno.EIO, "the written file is incomplete; the disk or memory may be full")


@contextmanager
def decoding() -> Iterator[None]:
    """Turn a decoder's errors into that of an incomplete file."""
    from restore.files._reading import DECODER_ERRORS

    try:
        yield
    except MemoryError:
        raise
    except DECODER_ERRORS as error:
        raise cut_off() from error


def compare(decoded: Samples, samples: Samples, most: float = 0) -> None:
    """OSError unless it decodes to the samples; in rows, so that no copy of all is made.

    Parameters
    ----------
    decoded, samples
        (height, width) or (height, width, channels), the second of the same or fewer channels.
    most
        Codes by which the mean of 64 rows may be off; 0 for lossless formats.
    """
    decoded, samples = (np.atleast_3d(part) for part in (decoded, samples))
    channels = samples.shape[2]
    if decoded.shape[:2] != samples.shape[:2] or decoded.shape[2] < channels:
        raise cut_off()
    for top in range(0, len(samples), 64):
        one, other = decoded[top : top + 64, :, :channels], samples[top : top + 64]
        if most:
            off = np.abs(one.mean((0, 1)) - other.mean((0, 1))).max() > most
        else:
            off = not np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        if off:
            raise cut_off()
