"""Hears a stop word over its own speech: takes its own voice out of the sound, and looks for the words in what is left.

It looks where somebody says a word or two by themselves, and when they are over: a third of a second of silence tells a "stop" from the
same sounds in a sentence.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from skill.hearing.echo import BLOCK, EchoCanceller, Samples
from skill.hearing.resampling import RECOGNISER_RATE_HZ, Resampler
from skill.hearing.short_utterances import ShortUtterances
from skill.messages import AudioBlock, Speech

FULL_SCALE = 32767.0
# The microphone's buffers may be slower than the loudspeaker's, so that a sound seems to come before it is played.
_EARLIEST_SECONDS = 0.3
# Somebody speaks where so much of the sound's power is not its own voice, above so much of full scale's.
LEAST_SHARE = 0.15
TIMES_USUAL = 4.0  # and so many times what is usually left of its own voice
LEAST_POWER = 1e-6


class Spotter(Protocol):
    """Finds single words in 16-bit mono sound at 16 kHz."""

    name: str

    def word_in(self, pcm: bytes) -> str:
        """The first of the words in this sound; empty where none is."""
        ...


class StopListener:
    """`begin` with each line that is about to be played, then give it the microphone's blocks.

    As long as its own voice has not been found in the sound and taken out of it, it hears nothing: rather no stop than a false one. This
    is the first half second of a line, and all of it where the microphone does not hear the loudspeaker.
    """

    def __init__(self, spotter: Spotter) -> None:
        self._spotter = spotter
        self._echo = EchoCanceller()
        self._resampler = Resampler(RECOGNISER_RATE_HZ)
        self._utterances = ShortUtterances()

    @property
    def name(self) -> str:
        return self._spotter.name

    def begin(self, speech: Speech) -> None:
        """speech: what is played from now on."""
        played = _samples(Resampler(speech.rate_hz).accept(speech.pcm, last=True))
        self._echo.begin(played)
        self._echo.accept(np.zeros(int(_EARLIEST_SECONDS * RECOGNISER_RATE_HZ), np.float32))
        self._resampler.reset()
        self._utterances.reset()

    def spotted(self, block: AudioBlock) -> str:
        """The stop word that somebody else said; empty where nobody did."""
        if block.rate_hz != self._resampler.rate_hz:
            self._resampler = Resampler(block.rate_hz)
        heard, without = self._echo.accept(_samples(self._resampler.accept(block.pcm)))
        words = [self._step(heard[start : start + BLOCK], without[start : start + BLOCK]) for start in range(0, len(without), BLOCK)]
        return next(filter(None, words), "")

    def _step(self, heard: Samples, without: Samples) -> str:
        if not self._echo.works:
            self._utterances.reset()
            return ""
        left = float(np.mean(np.square(without)))
        least_share = max(LEAST_SHARE, TIMES_USUAL * self._echo.usual_share)
        is_somebody = left > LEAST_POWER and left > least_share * float(np.mean(np.square(heard)))
        said = self._utterances.step(without, is_somebody)
        if said is None or self._echo.left_own_voice():  # where sound was lost on the way its own voice shows by now
            return ""
        return self._spotter.word_in((np.clip(said, -1.0, 1.0) * FULL_SCALE).astype("<i2").tobytes())


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / (FULL_SCALE + 1)
