"""Whose voice an utterance is: the nearest one's. Pure: from the loudness of speech alone, frame by frame.

A television, or people in the next room, are speech to Silero: with them a question has neither beginning nor end, and what is written down
is half theirs. They are much quieter than who speaks to the device.
"""

from __future__ import annotations

from bisect import insort
from collections import deque

# So much quieter than the loudest of the utterance is somebody else, further away. Who lets her voice fall stays above that.
FURTHER_RATIO = 10 ** (-13 / 10)
# So much louder, for most of a quarter of a second, than all that was said in a second and more before is somebody else, nearer.
NEARER_RATIO = 10 ** (7 / 10)
LATELY_FRAMES, NEARER_FRAMES = 8, 6
BEFORE_FRAMES = 31
LOUDEST_FRAMES = 10  # a knock on the table is loud too, but short
LOUD_SHARE = 0.9
SMOOTHING = 0.25  # loudness of syllables rather than of frames: they differ less


class NearVoice:
    """Is told of the frames of one utterance; powers in any unit."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Another utterance."""
        self._before: list[float] = []  # sorted
        self._lately: deque[float] = deque()
        self._now = 0.0

    def take(self, power: float) -> None:
        """One more frame of speech, whoever's."""
        self._now = self._now + SMOOTHING * (power - self._now) if self._now else power
        self._lately.append(self._now)
        if len(self._lately) > LATELY_FRAMES:
            insort(self._before, self._lately.popleft())

    def is_another(self) -> bool:
        """Whether who speaks now is further away than the one who speaks in this utterance."""
        return len(self._before) >= LOUDEST_FRAMES and self._now < self._before[-LOUDEST_FRAMES] * FURTHER_RATIO

    def has_begun(self) -> bool:
        """Somebody nearer speaks now than whoever spoke in this utterance before."""
        if len(self._before) < BEFORE_FRAMES:
            return False
        loud = self._before[int(LOUD_SHARE * len(self._before))] * NEARER_RATIO
        return sum(power > loud for power in self._lately) >= NEARER_FRAMES
