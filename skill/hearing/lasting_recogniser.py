"""A recogniser that outlives its failures: a fresh one is built, then another kind, and it is tried again for ever.

What a native library does when it fails is not known beforehand, so any exception counts. One that hangs or kills the process
cannot be caught here: then no sign of life goes to systemd, which starts the program anew (`skill.service.Watchdog`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skill.errors import BackCareError
from skill.messages import AudioBlock, Deaf, Heard, HearsAgain, Missed, NothingHeard, Transcript
from skill.stages import Recogniser

FIRST_PAUSE_SECONDS = 4.0
LONGEST_PAUSE_SECONDS = 64.0


class LastingRecogniser:
    """builders: how to build a fresh one, the best first; they raise what they like. Seconds are those of the sound that comes in.

    After a failure the first of them is built. Where that fails too before it has heard anything out, it is the next one's turn; after
    the last one it is deaf, and tries again after a pause.
    """

    def __init__(self, recogniser: Recogniser, builders: Sequence[Callable[[], Recogniser]]) -> None:
        self._recogniser: Recogniser | None = recogniser
        self._builders = tuple(builders)
        self._next = 0
        self._why = ""
        self._deaf_seconds = 0.0
        self._tried_at_seconds = 0.0
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self.name = recogniser.name
        self._end_silence_seconds = recogniser.end_silence_seconds

    @property
    def inner(self) -> Recogniser | None:
        """The one that works now."""
        return self._recogniser

    @property
    def hears_speech(self) -> bool:
        return self._recogniser is not None and self._recogniser.hears_speech

    @property
    def end_silence_seconds(self) -> float:
        """How long a silence ends her words; a fresh recogniser gets the same."""
        return self._end_silence_seconds

    @end_silence_seconds.setter
    def end_silence_seconds(self, seconds: float) -> None:
        self._end_silence_seconds = seconds
        if self._recogniser is not None:
            self._recogniser.end_silence_seconds = seconds

    def accept(self, block: AudioBlock) -> Sequence[Heard]:
        if self._recogniser is None:
            return self._wait(block.seconds)
        try:
            heard = self._recogniser.accept(block)
        except Exception as error:
            return self._fail(error)
        if any(isinstance(each, Transcript | NothingHeard) for each in heard):
            self._next, self._pause_seconds = 0, FIRST_PAUSE_SECONDS
        return heard

    def finish(self) -> Sequence[Heard]:
        try:
            return self._recogniser.finish() if self._recogniser else ()
        except Exception as error:
            return self._fail(error)

    def reset(self) -> None:
        try:
            if self._recogniser:
                self._recogniser.reset()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> Sequence[Heard]:
        self._recogniser = None  # a model takes hundreds of megabytes: two at a time may be too many
        self._why = _reason(self.name, error)
        self._deaf_seconds = self._tried_at_seconds = 0.0
        if self._build():
            return (Missed(self._why),)
        return (Deaf("recogniser_broken", self._why, 0.0),)

    def _build(self) -> bool:
        """Each of the builders whose turn has not been; False where none of them works."""
        while self._next < len(self._builders):
            build = self._builders[self._next]
            self._next += 1
            try:
                self._recogniser = build()
            except Exception as error:
                self._why = _reason("fresh", error)
                continue
            self.name = self._recogniser.name
            self._recogniser.end_silence_seconds = self._end_silence_seconds
            return True
        return False

    def _wait(self, seconds: float) -> Sequence[Heard]:
        """None works: try again after a while, and say once a second of sound that it understands nothing."""
        before = int(self._deaf_seconds)
        self._deaf_seconds += seconds
        if self._deaf_seconds - self._tried_at_seconds >= self._pause_seconds:
            self._next = 0
            self._tried_at_seconds = self._deaf_seconds
            self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
            if self._build():
                return (HearsAgain(self._deaf_seconds),)
        if int(self._deaf_seconds) > before:
            return (Deaf("recogniser_broken", self._why, self._deaf_seconds),)
        return ()


def _reason(name: str, error: Exception) -> str:
    """Without the words of a foreign error: they may hold what she said."""
    what = str(error) if isinstance(error, BackCareError) else type(error).__name__
    return f"The {name} recogniser failed ({what}); a new one is built."
