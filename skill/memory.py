"""Memory that was used for a moment, back to the system."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_M_ARENA_MAX = -8  # mallopt(3)


def give_back_memory() -> None:
    """What loading a model or hearing half a minute of talk left free stays with the process otherwise: up to eighty megabytes."""
    with suppress(OSError, AttributeError):  # another C library than glibc has no such call
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def begin_loading() -> None:
    """Until `settle_memory`: to look again and again for what could be thrown away takes a quarter of the time of loading."""
    gc.disable()


def settle_memory() -> None:
    """All is loaded: what is there now stays, so Python need not look through it for what could be thrown away, and does for the rest."""
    gc.collect()
    gc.freeze()
    gc.enable()
    give_back_memory()


def use_one_heap() -> None:
    """To be called before threads begin. With a heap for each thread, every one of them keeps the holes of what it once needed: on an hour
    at home (benchmarks.home) that was 20 MB more after the first long talk, which nothing gave back.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, 1)
