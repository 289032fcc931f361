"""From the rate of the device to the rate of the recognisers."""

from __future__ import annotations

import numpy as np

RECOGNISER_RATE_HZ = 16_000


class Resampler:
    """A stream of 16-bit mono sound, brought to 16 kHz; sound that has this rate already passes unchanged.

    The output, joined, does not depend on how the input was cut.
    """

    def __init__(self, rate_hz: int) -> None:
        import soxr

        self.rate_hz = rate_hz
        # Floats inside: soxr's own 16-bit output is dithered, which made the sound depend on the cut.
        self._stream = None if rate_hz == RECOGNISER_RATE_HZ else soxr.ResampleStream(rate_hz, RECOGNISER_RATE_HZ, 1, "float32")

    def accept(self, pcm: bytes, last: bool = False) -> bytes:
        """What became ready; `last` gives also what soxr still holds back, and leaves the resampler as new."""
        if self._stream is None:
            return pcm
        samples = np.frombuffer(pcm, "<i2").astype(np.float32)
        ready = self._stream.resample_chunk(samples, last=last)
        if last:
            self.reset()
        resampled: bytes = np.clip(np.rint(ready), -32768, 32767).astype("<i2").tobytes()
        return resampled

    def reset(self) -> None:
        """Forget what soxr still holds back."""
        if self._stream is not None:
            self._stream.clear()
