"""A recogniser that also knows a wake word by its sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from skill.hearing.voice_activity import FRAME_BYTES, FRAME_SECONDS
from skill.hearing.wake_word import WakeWordSpotter
from skill.messages import AudioBlock, Heard, NothingHeard, Transcript, Woken
from skill.stages import Recogniser

# What is kept of the sound before the recogniser noticed that somebody speaks: the first syllable, and quiet before it.
BEFORE_SPEECH_SECONDS = 0.8
# The word is found again and again while it passes by, up to a second long; after a gap like this it was said once more.
SAID_ONCE_MORE_SECONDS = 0.5


class WakingRecogniser:
    """Hears all that `recogniser` hears, and marks the transcript in whose sound the wake word was. Where the recogniser found no words
    in that sound, a `Woken` follows.

    The spotter, which costs more than all else that is done in a silent room, only gets what is spoken.
    """

    def __init__(self, recogniser: Recogniser, spotter: WakeWordSpotter) -> None:
        self.name = recogniser.name
        self.inner = recogniser
        self._spotter = spotter
        self._recent: deque[bytes] = deque(maxlen=round(BEFORE_SPEECH_SECONDS / FRAME_SECONDS))
        self._rest = b""
        self._seconds = 0.0  # of whole frames, as the recogniser counts them
        self._woken_seconds: float | None = None
        self._last_found_seconds = 0.0

    @property
    def end_silence_seconds(self) -> float:
        return self.inner.end_silence_seconds

    @end_silence_seconds.setter
    def end_silence_seconds(self, seconds: float) -> None:
        self.inner.end_silence_seconds = seconds

    @property
    def hears_speech(self) -> bool:
        return self.inner.hears_speech

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        sound = self._rest + block.pcm
        whole = len(sound) - len(sound) % FRAME_BYTES
        self._rest = sound[whole:]
        return [
            heard
            for start in range(0, whole, FRAME_BYTES)
            for heard in self._frame(AudioBlock(sound[start : start + FRAME_BYTES], block.rate_hz))
        ]

    def finish(self) -> Sequence[Heard]:
        rest = AudioBlock(self._rest.ljust(FRAME_BYTES, b"\0"), 16_000) if self._rest else None
        heard = [*(self._frame(rest) if rest else ()), *self._marked(self.inner.finish())]
        self.reset()
        self._seconds = 0.0
        return heard

    def reset(self) -> None:
        self.inner.reset()
        self._spotter.forget()
        self._recent.clear()
        self._rest = b""
        self._woken_seconds = None

    def _frame(self, frame: AudioBlock) -> Iterator[Heard]:
        self._seconds += FRAME_SECONDS
        self._recent.append(frame.pcm)
        was_speech = self.inner.hears_speech
        heard = self.inner.accept(frame)
        if was_speech or self.inner.hears_speech:
            self._spot()
        yield from self._marked(heard)

    def _spot(self) -> None:
        """Gives the spotter what it has not had yet."""
        while self._recent:
            at = self._seconds - (len(self._recent) - 1) * FRAME_SECONDS
            if self._spotter.accept(self._recent.popleft()):
                if self._woken_seconds is None or at > self._last_found_seconds + SAID_ONCE_MORE_SECONDS:
                    self._woken_seconds = at
                self._last_found_seconds = at

    def _marked(self, heard: Sequence[Heard]) -> Iterator[Heard]:
        for one in heard:
            if isinstance(one, Transcript):
                yield replace(one, woken_seconds=self._woken_seconds)
                self._woken_seconds = None
            else:
                yield one
            if isinstance(one, NothingHeard) and self._woken_seconds is not None:
                self._woken_seconds = None
                yield Woken()
