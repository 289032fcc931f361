"""Whether there may be speech at all, from the level alone. No network, device or clock.

Silero costs a millisecond for each 32 ms of sound, for ever, in a room where nobody speaks. This costs a fortieth of that, and says when
the network need not be asked: while no band of the sound is louder than the room has been lately.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

# Lower edges of the bands in Hz, and the upper edge of the last one. Below lies hum; far speech shows in one band before it shows in all.
BAND_EDGES_HZ = (200, 500, 1_000, 2_000, 4_000, 7_500)
LOUDER_DB = 5.0
# Bands change by chance, narrow ones more: each level counts with what it was just before.
SMOOTHING = 0.5
HISTORY_FRAMES = 94  # 3 s
LEAST_FRAMES = 31  # until it has heard a second of the room it lets all sound pass
FLOOR_PERCENTILE = 25
RENEW_FRAMES = 8
# Power of a converter's last bit, as a band's mean: what lies below is silence, however much louder than nothing it is.
HISS_POWER = 0.1


class LevelGate:
    """Takes frames of 16-bit mono sound, all of one length; keeps a few numbers for each of the last three seconds.

    The room is what was no speech: whoever uses this says so, frame by frame, with `learn`.
    """

    def __init__(self, frame_samples: int, rate_hz: int) -> None:
        self._window = np.hanning(frame_samples).astype(np.float32)
        self._edges = np.array([round(edge * frame_samples / rate_hz) for edge in BAND_EDGES_HZ])
        self._widths = np.diff(self._edges)
        # Of the windowed spectrum, so that white noise of this power lies just on it.
        self._least = HISS_POWER * float(np.sum(np.square(self._window)))
        self.reset()

    def reset(self) -> None:
        """Forget the room."""
        self._room: deque[NDArray[np.float64]] = deque(maxlen=HISTORY_FRAMES)
        self._power: NDArray[np.float64] | None = None
        self._limit: NDArray[np.float64] | None = None
        self._learnt = 0

    def is_louder(self, frame: bytes) -> bool:
        """Whether this frame is louder than the room, or the room is not known yet."""
        spectrum = np.fft.rfft(np.frombuffer(frame, "<i2") * self._window)
        power = spectrum.real**2 + spectrum.imag**2
        bands = np.add.reduceat(power[: self._edges[-1]], self._edges[:-1]) / self._widths + self._least
        self._power = bands if self._power is None else self._power + SMOOTHING * (bands - self._power)
        return self._limit is None or bool((self._power > self._limit).any())

    def learn(self) -> None:
        """The frame that was asked about last was no speech."""
        assert self._power is not None
        self._room.append(self._power)
        self._learnt += 1
        if len(self._room) >= LEAST_FRAMES and self._learnt % RENEW_FRAMES == 0:
            self._limit = _percentile(np.array(self._room), FLOOR_PERCENTILE) * 10 ** (LOUDER_DB / 10)


def _percentile(rows: NDArray[np.float64], percent: float) -> NDArray[np.float64]:
    """Of each column. The same as numpy's own, which takes seven times as long: this is done four times a second, for ever."""
    place = (len(rows) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(rows) - 1)
    ordered = np.partition(rows, (below, above), axis=0)
    floor: NDArray[np.float64] = ordered[below] + (ordered[above] - ordered[below]) * (place - below)
    return floor
