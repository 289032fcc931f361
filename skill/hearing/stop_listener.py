"""Hears a stop word over its own speech: takes its own voice out of the sound, and spots the words in what is left."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np

from skill.hearing.echo import BLOCK, EchoCanceller, Samples
from skill.hearing.resampling import RECOGNISER_RATE_HZ, Resampler
from skill.messages import AudioBlock, Speech

FULL_SCALE = 32767.0
# The microphone's buffers may be slower than the loudspeaker's, so that a sound seems to come before it is played.
_EARLIEST_SECONDS = 0.3
# Somebody speaks where so much of the sound's power is not its own voice, above so much of full scale's.
LEAST_SHARE = 0.15
TIMES_USUAL = 4.0  # and so many times what is usually left of its own voice
LEAST_POWER = 1e-6
# In so many blocks of 32 ms of the last half second. Then the words are looked for, from a little before, until nobody speaks any more.
SOMEBODY_BLOCKS, LOOK_BACK_BLOCKS = 3, 16
PRE_ROLL_BLOCKS = 10
BLOCKS_TO_DOUBT = 8  # a quarter of a second: where sound was lost on the way, its own voice shows by then
SOMEBODY_AT_THE_WORD = 6  # blocks of the last half second: the shortest words are as long


class Spotter(Protocol):
    """Finds single words in 16-bit mono sound at 16 kHz."""

    name: str

    def spotted(self, pcm: bytes) -> str:
        """The word that was heard up to here; empty where none was."""
        ...

    def reset(self) -> None: ...


class StopListener:
    """`begin` with each line that is about to be played, then give it the microphone's blocks.

    As long as its own voice has not been found in the sound and taken out of it, it hears nothing: rather no stop than a false one. This
    is the first half second of a line, and all of it where the microphone does not hear the loudspeaker.
    """

    def __init__(self, spotter: Spotter) -> None:
        self._spotter = spotter
        self._echo = EchoCanceller()
        self._resampler = Resampler(RECOGNISER_RATE_HZ)
        self._somebody: deque[bool] = deque(maxlen=LOOK_BACK_BLOCKS)
        self._before: deque[Samples] = deque(maxlen=PRE_ROLL_BLOCKS)
        self._is_open = False
        self._word, self._blocks_to_doubt = "", 0

    @property
    def name(self) -> str:
        return self._spotter.name

    def begin(self, speech: Speech) -> None:
        """speech: what is played from now on."""
        played = _samples(Resampler(speech.rate_hz).accept(speech.pcm, last=True))
        self._echo.begin(played)
        self._echo.accept(np.zeros(int(_EARLIEST_SECONDS * RECOGNISER_RATE_HZ), np.float32))
        self._spotter.reset()
        self._resampler.reset()
        self._somebody.clear()
        self._before.clear()
        self._is_open = False
        self._word = ""

    def spotted(self, block: AudioBlock) -> str:
        """The stop word that somebody else said; empty where nobody did."""
        if block.rate_hz != self._resampler.rate_hz:
            self._resampler = Resampler(block.rate_hz)
        heard, without = self._echo.accept(_samples(self._resampler.accept(block.pcm)))
        if not self._echo.works:
            self._word = ""
            return ""
        believed = ""
        for start in range(0, len(without), BLOCK):
            self._step(heard[start : start + BLOCK], without[start : start + BLOCK])
            believed = believed or self._believed()
        return believed

    def _step(self, heard: Samples, without: Samples) -> None:
        left = float(np.mean(np.square(without)))
        least_share = max(LEAST_SHARE, TIMES_USUAL * self._echo.usual_share)
        self._somebody.append(left > LEAST_POWER and left > least_share * float(np.mean(np.square(heard))))
        self._before.append(without)
        if not self._is_open and sum(self._somebody) >= SOMEBODY_BLOCKS:
            self._is_open = True
            self._spot(np.concatenate(self._before))
            return
        if self._is_open and not any(self._somebody):
            self._is_open = False
            self._spotter.reset()
        if self._is_open:
            self._spot(without)

    def _believed(self) -> str:
        """The word, where a moment later nothing speaks for its own voice."""
        if not self._word:
            return ""
        self._blocks_to_doubt -= 1
        if self._blocks_to_doubt:
            return ""
        word, self._word = self._word, ""
        return "" if self._echo.left_own_voice() else word

    def _spot(self, sound: Samples) -> None:
        word = self._spotter.spotted((np.clip(sound, -1.0, 1.0) * FULL_SCALE).astype("<i2").tobytes())
        if word and sum(self._somebody) >= SOMEBODY_AT_THE_WORD:
            self._word, self._blocks_to_doubt = word, BLOCKS_TO_DOUBT


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / (FULL_SCALE + 1)
