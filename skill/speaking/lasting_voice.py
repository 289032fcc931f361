"""A voice that outlives its failures: a spare one speaks meanwhile, and the first one is tried again later."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from skill.errors import SpeakingError
from skill.messages import Line, Speech
from skill.speaking.sound import bounded_speed
from skill.stages import Voice

# A voice that failed may have taken long for it; but it has the rendered answers, and she knows it.
AGAIN_SECONDS = 60.0


class LastingVoice:
    """builders: the voices, the best first; each may raise SpeakingError. tell: called with what failed.

    name and version are those of the voice that spoke last. clock: seconds of any beginning. Raises SpeakingError where none works.
    """

    def __init__(
        self,
        builders: Sequence[Callable[[], Voice]],
        tell: Callable[[str], None] = lambda problem: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._builders = tuple(builders)
        self._tell = tell
        self._clock = clock
        self._voices: dict[int, Voice] = {}
        self._again_at: dict[int, float] = {}
        self._speed = 1.0
        first = self._first()
        self.name, self.version, self._speed = first.name, first.version, first.speed

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, factor: float) -> None:
        self._speed = bounded_speed(factor)
        for voice in self._voices.values():
            voice.speed = self._speed

    def render(self, line: Line) -> Speech:
        """By the first voice that works; where none does, the SpeakingError of the last."""
        failure = SpeakingError("There is no voice: run `script/setup`.")
        due = [number for number in range(len(self._builders)) if self._clock() >= self._again_at.get(number, float("-inf"))]
        for number in due or range(len(self._builders)):
            try:
                voice = self._opened(number)
                speech = voice.render(line)
            except SpeakingError as error:
                self._failed(number, error)
                failure = error
                continue
            self.name, self.version = voice.name, voice.version
            return speech
        raise failure

    def close(self) -> None:
        for voice in self._voices.values():
            voice.close()

    def _first(self) -> Voice:
        for number in range(len(self._builders)):
            try:
                self._voices[number] = self._builders[number]()
            except SpeakingError as error:
                failure = error
                self._failed(number, error)
                continue
            return self._voices[number]
        raise failure

    def _opened(self, number: int) -> Voice:
        if number not in self._voices:
            self._voices[number] = self._builders[number]()
            self._voices[number].speed = self._speed
        return self._voices[number]

    def _failed(self, number: int, error: SpeakingError) -> None:
        self._tell(str(error))
        self._again_at[number] = self._clock() + AGAIN_SECONDS
        voice = self._voices.pop(number, None)
        if voice is not None:
            voice.close()
