"""Takes its own voice out of what the microphone hears, so that somebody who speaks over it can be heard. No device, file or clock.

What is played is known, sample by sample. So first the delay is looked for (where played and heard fit each other best, the spectra
flattened: GCC-PHAT, Knapp and Carter 1976), and then a filter learns what loudspeaker and room make of the sound, and takes that away: a
Kalman filter for each frequency (Enzner and Vary 2006), in blocks that cover the room's echo. It goes on learning when both speak, without
being led astray, and knows the room from one line to the next.

Samples are one-dimensional float32 arrays at 16 kHz, full scale -1 to 1.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from skill.hearing.resampling import RECOGNISER_RATE_HZ

Samples = NDArray[np.float32]

BLOCK = 512
ROOM_BLOCKS = 6  # 0.19 s: what comes later in a room's echo is weak
_FORGETTING = 0.999
_SMOOTHING = 0.8
# The longest way from `play` to the microphone: opening and waking the loudspeaker, and the buffers of a sound server.
LONGEST_DELAY = 2 * RECOGNISER_RATE_HZ
_EARLY = 64  # the filter begins this much before the best fit: the first sound need not be the loudest
_SEARCH_EVERY = 8 * BLOCK
_SEARCH_OVER = 94 * BLOCK  # 3 s
_SAME = 16  # delays no further apart than this are one
# How far the best fit must stand out over the others, in their root mean square. The right one stood at 25 and more, a wrong one at 14.
_SURE_PEAK, _SUSPECT_PEAK = 20.0, 13.0
_LOOK_BACK = 30 * BLOCK  # 1 s
_MUCH_ELSE = 0.2
_EDGE = np.hanning(640)[:320].astype(np.float32)  # what is cut off at the same place on both sides would fit there
# It works when it takes away three quarters of the power for about half a second.
_WORKS_BELOW = 0.25
_POWER_SMOOTHING = 0.93
_SHARES = 94  # blocks: the last 3 s of its own voice
_ACTIVE = 1e-5  # power: it speaks
_ROOM_NOISE = 1e-6  # power; 60 dB under full scale: where nothing is heard nothing can be taken away


class EchoCanceller:
    """One line after the other: `begin` with what will be played, then `accept` what the microphone hears."""

    def __init__(self) -> None:
        self._forget_room()
        self._delay = -1
        self._works = False
        self._power_heard = self._power_left = 0.0
        self.begin(np.zeros(0, np.float32))

    def begin(self, played: Samples) -> None:
        """A new line is about to be played. The microphone's samples count from here."""
        if self._delay >= 0 and not self._works:
            self._forget_room()  # what it learned in the last line was wrong
        self._played = played
        self._recent = np.zeros(0, np.float32)
        self._left = np.zeros(0, np.float32)
        self._rest = np.zeros(0, np.float32)
        self._position = 0  # of the next block; `_recent` ends here
        self._searched = 0
        self._candidate = self._delay = -1
        self._align(-1)

    @property
    def works(self) -> bool:
        """It has taken its own voice away in this line: what is left is somebody else."""
        return self._works

    @property
    def usual_share(self) -> float:
        """How much of its own voice's power is usually left, 0 to 1: much while it learns, and where the loudspeaker distorts."""
        return float(np.median(self._shares)) if len(self._shares) >= _SHARES // 3 else 1.0

    def accept(self, heard: Samples) -> tuple[Samples, Samples]:
        """What the microphone heard, and the same without its own voice; both in whole blocks, so they may come a little later."""
        sound = np.concatenate([self._rest, heard])
        whole = len(sound) // BLOCK * BLOCK
        self._rest = sound[whole:]
        blocks = sound[:whole]
        without = [self._step(blocks[start : start + BLOCK]) for start in range(0, whole, BLOCK)]
        return blocks, np.concatenate(without) if without else blocks

    def left_own_voice(self) -> bool:
        """What was left of the last second may be its own voice.

        When sound was lost on the way, its voice is found at another delay, or more was taken away than there was. At the right delay a
        little of it is always found, and counts only where not much else is there.
        """
        left, heard = (float(np.sum(np.square(sound))) for sound in (self._left, self._recent[-len(self._left) :]))
        found = self._best_delay(self._left, _SUSPECT_PEAK)
        if left > heard or (found >= 0 and abs(found - self._delay) > _SAME):
            return True
        return found >= 0 and left < _MUCH_ELSE * heard

    def _step(self, heard: Samples) -> Samples:
        without = self._without(heard, self._position) if self._delay >= 0 else heard
        self._judge(float(np.mean(np.square(heard))), float(np.mean(np.square(without))))
        self._recent = np.concatenate([self._recent, heard])[-_SEARCH_OVER:]
        self._left = np.concatenate([self._left, without])[-_LOOK_BACK:]
        self._position += BLOCK
        if self._power_left > 0.5 * self._power_heard and self._position - self._searched >= _SEARCH_EVERY:
            self._search()
        return without

    def _judge(self, heard: float, left: float) -> None:
        if self._delay >= 0 and heard > _ACTIVE:
            self._shares.append(min(left / heard, 1.0))
        self._power_heard = _POWER_SMOOTHING * self._power_heard + (1 - _POWER_SMOOTHING) * heard
        self._power_left = _POWER_SMOOTHING * self._power_left + (1 - _POWER_SMOOTHING) * left
        if self._power_heard > _ROOM_NOISE and self._power_left < _WORKS_BELOW * self._power_heard:
            self._works = True

    # --- where its own voice is ------------------------------------------------------------------------------------------

    def _search(self) -> None:
        """Two searches in a row that find the same delay are believed. The filter then learns from what was heard before."""
        self._searched = self._position
        found = self._best_delay(self._recent)
        known = found >= 0 and self._delay >= 0 and abs(found - self._delay) <= _SAME
        if found >= 0 and not known and abs(found - self._candidate) <= _SAME:
            self._align(found)
            for start in range(0, len(self._recent), BLOCK):
                self._without(self._recent[start : start + BLOCK], self._position - len(self._recent) + start)
        self._candidate = found

    def _align(self, delay: int) -> None:
        if self._works and delay >= 0:
            self._shares.clear()  # sound was lost
        self._delay = delay
        self._works = False
        self._power_heard = self._power_left = 0.0
        self._spectra = np.zeros((ROOM_BLOCKS, BLOCK + 1), np.complex64)

    def _best_delay(self, heard: Samples, least_peak: float = _SURE_PEAK) -> int:
        """By how many samples this, the last that was heard, comes after what was played; -1 where nothing of it is found for sure."""
        start = self._position - len(heard)
        return best_delay(heard, self._played_between(start - LONGEST_DELAY, self._position), least_peak)

    def _played_between(self, start: int, end: int) -> Samples:
        piece = np.zeros(end - start, np.float32)
        known = self._played[max(start, 0) : max(end, 0)]
        piece[max(-start, 0) : max(-start, 0) + len(known)] = known
        return piece

    # --- taking it away --------------------------------------------------------------------------------------------------

    def _forget_room(self) -> None:
        self._shares: deque[float] = deque(maxlen=_SHARES)
        self._filter = np.zeros((ROOM_BLOCKS, BLOCK + 1), np.complex64)
        self._doubt = np.ones((ROOM_BLOCKS, BLOCK + 1), np.float32)
        self._noise = np.full(BLOCK + 1, 1e-3, np.float32)

    def _without(self, heard: Samples, position: int) -> Samples:
        """One block without its own voice; the filter learns from what is left."""
        start = position - self._delay + _EARLY - BLOCK
        self._spectra = np.roll(self._spectra, 1, axis=0)
        self._spectra[0] = np.fft.rfft(self._played_between(start, start + 2 * BLOCK))
        spectra = self._spectra
        power = np.square(np.abs(spectra))
        echo = np.fft.irfft(np.sum(self._filter * spectra, axis=0))[BLOCK:]
        without = (heard - echo).astype(np.float32)
        error = np.fft.rfft(np.concatenate([np.zeros(BLOCK, np.float32), without]))
        self._noise = (_SMOOTHING * self._noise + (1 - _SMOOTHING) * np.square(np.abs(error))).astype(np.float32)
        gain = self._doubt / (np.sum(power * self._doubt, axis=0) + 2 * self._noise + 1e-6)
        change = np.fft.irfft(gain * np.conj(spectra) * error, axis=1)
        change[:, BLOCK:] = 0.0  # the filter has BLOCK samples a part; what lies behind comes of the circle of the transform
        self._filter = (_FORGETTING * (self._filter + np.fft.rfft(change, axis=1))).astype(np.complex64)
        kept = 1 - 0.5 * gain * power
        doubt = _FORGETTING**2 * kept * self._doubt + (1 - _FORGETTING**2) * np.square(np.abs(self._filter))
        self._doubt = doubt.astype(np.float32)
        return without


def best_delay(heard: Samples, played: Samples, least_peak: float = _SURE_PEAK) -> int:
    """By how many samples `heard` comes after `played`; -1 where nothing of it is found for sure.

    played: ends where `heard` ends, and begins LONGEST_DELAY before it.
    """
    if len(heard) < 2 * len(_EDGE) or not (np.any(heard) and np.any(played)):
        return -1
    size = 1 << (len(heard) + len(played)).bit_length()
    cross = np.fft.rfft(_soft(played), size) * np.conj(np.fft.rfft(_soft(heard), size))
    fit = np.abs(np.fft.irfft(cross / (np.abs(cross) + 1e-6 * float(np.max(np.abs(cross)))))[: LONGEST_DELAY + 1])
    peak = int(np.argmax(fit))
    return LONGEST_DELAY - peak if fit[peak] > least_peak * float(np.sqrt(np.mean(np.square(fit)))) else -1


def _soft(samples: Samples) -> Samples:
    """With soft edges."""
    soft = samples.copy()
    soft[: len(_EDGE)] *= _EDGE
    soft[len(soft) - len(_EDGE) :] *= _EDGE[::-1]
    return soft
