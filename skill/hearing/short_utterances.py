"""Cuts out what somebody says by itself: a few words between two silences. Pure: it is told, block by block, whether somebody speaks.

A stop word is said alone ("stop", "okay, stop"); the same sounds in the middle of a sentence belong to other talk. So what goes on for
longer is left alone, and costs nothing.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from skill.hearing.echo import Samples

# In blocks of 32 ms. Chosen by measuring (`benchmarks.stopping --chosen-on`): most sentences of other talk are longer than this, of the
# stop words and phrases hardly any.
LONGEST_BLOCKS = 40
LEAST_BLOCKS = 3  # with somebody's voice in them: less is a click
SILENCE_BLOCKS = 9  # a third of a second: then it is over; within a word it is silent for less
BEFORE_BLOCKS, AFTER_BLOCKS = 7, 5  # a little of the silence around: the softest sounds of a word are taken for silence


class ShortUtterances:
    """Takes samples at 16 kHz, BLOCK at a time."""

    def __init__(self) -> None:
        self._before: deque[Samples] = deque(maxlen=BEFORE_BLOCKS)
        self._sound: list[Samples] = []  # from a little before the first block with somebody's voice
        self._blocks = self._somebody = self._silent = 0  # since that one: all, those with a voice, those without at the end

    def reset(self) -> None:
        """Forget all sound."""
        self._before.clear()
        self._begin_anew()

    def step(self, block: Samples, is_somebody: bool) -> Samples | None:
        """The sound of a short utterance, when this block shows that it is over."""
        self._silent = 0 if is_somebody else self._silent + 1
        self._somebody += is_somebody
        if self._somebody:
            if len(self._sound) <= LONGEST_BLOCKS + BEFORE_BLOCKS + SILENCE_BLOCKS:  # a longer one is not needed
                self._sound += [*self._before, block] if not self._sound else [block]
            self._blocks += 1
        self._before.append(block)
        return self._ended() if self._somebody and self._silent >= SILENCE_BLOCKS else None

    def _ended(self) -> Samples | None:
        sound = self._sound[: len(self._sound) - SILENCE_BLOCKS + AFTER_BLOCKS]
        is_short = self._blocks - SILENCE_BLOCKS <= LONGEST_BLOCKS and self._somebody >= LEAST_BLOCKS
        self._begin_anew()
        return np.concatenate(sound) if is_short else None

    def _begin_anew(self) -> None:
        self._sound = []
        self._blocks = self._somebody = self._silent = 0
