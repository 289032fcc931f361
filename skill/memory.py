"""Memory that was used for a moment, back to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back_memory() -> None:
    """What loading a model or hearing half a minute of talk left free stays with the process otherwise: up to eighty megabytes."""
    with suppress(OSError, AttributeError):  # another C library than glibc has no such call
        ctypes.CDLL("libc.so.6").malloc_trim(0)
