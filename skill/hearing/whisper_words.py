"""Whether a short sound is one of a few words, asked of the Whisper that listens anyway: nothing more is loaded.

Two questions. Is one of its readings such a word, or a phrase of such words ("okay, stop")? And how likely is each word, whatever else it
would rather have heard? The second finds words that were spoken strangely, or damaged when its own voice was taken out of the sound:
its first reading of those was "so" or "soft", but "stop" was never unlikely. In other talk it was.
"""

from __future__ import annotations

from collections.abc import Callable

from skill.hearing.whisper_recogniser import WhisperRecogniser
from skill.stop_words import STOP_WORDS, stop_phrase

# Natural logarithm. Chosen on six voices; of short other talk the likeliest ("What?" for "wait") stood at -5.9.
LIKELY = -5.0
MOST_WORDS = 2  # different ones in the first reading: "we wait for nobody" is no stop word that was spoken strangely
READING = 0.2  # the share of a reading in all of them


class WhisperWords:
    """whisper: the one that listens now; None while none does, and then nothing is heard here either."""

    name = "whisper"

    def __init__(self, whisper: Callable[[], WhisperRecogniser | None]) -> None:
        self._whisper = whisper

    def word_in(self, pcm: bytes) -> str:
        """The stop word that this short sound is, 16-bit mono at 16 kHz; empty where it is none. Raises HearingError when Whisper fails."""
        whisper = self._whisper()
        if whisper is None:
            return ""
        readings, likely = whisper.judge(pcm, STOP_WORDS)
        word = max(likely, key=likely.__getitem__)
        if likely[word] >= LIKELY and len({*readings[0].text.split()}) <= MOST_WORDS:
            return word
        return next(filter(None, (stop_phrase(reading.text) for reading in readings if reading.confidence >= READING)), "")
