"""A speaker that outlives its device: when it fails it is found anew, by its name, and the line is begun again."""

from __future__ import annotations

from collections.abc import Callable

from skill.errors import SpeakingError
from skill.messages import Speech
from skill.stages import Speaker


class LastingSpeaker:
    """find: the speaker as it is now, or SpeakingError; its argument: look for devices that came since the program began, too.

    That look closes every stream, so it is made only where the device failed. While it is known to be broken, each `play` tries once.
    """

    def __init__(self, find: Callable[[bool], Speaker], volume: int) -> None:
        self._find = find
        self._volume = volume
        self._speaker: Speaker | None = None
        self._is_broken = False
        self._closed = False
        self._stops = 0

    @property
    def volume(self) -> int:
        return self._volume

    @volume.setter
    def volume(self, percent: int) -> None:
        self._volume = percent
        if self._speaker is not None:
            self._speaker.volume = percent
            self._volume = self._speaker.volume  # held within its bounds

    def open(self) -> None:
        """Find it now, and not only with the first `play`. Raises SpeakingError."""
        self._speaker = self._found(anew=False)

    def play(self, speech: Speech) -> bool:
        stops = self._stops
        try:
            try:
                if self._speaker is None:
                    self._speaker = self._found(anew=self._is_broken)
                to_its_end = self._speaker.play(speech)
            except SpeakingError:
                self._let_go()
                if self._closed or self._is_broken:
                    raise
                self._speaker = self._found(anew=True)
                if self._stops != stops:
                    return False
                to_its_end = self._speaker.play(speech)
        except SpeakingError:
            self._let_go()
            self._is_broken = True
            raise
        self._is_broken = False
        return to_its_end

    def prepare(self) -> None:
        if self._speaker is not None and not self._is_broken:
            self._speaker.prepare()

    def stop(self) -> None:
        self._stops += 1
        if self._speaker is not None:
            self._speaker.stop()

    def close(self) -> None:
        self._closed = True
        self._stops += 1
        self._let_go()

    def _found(self, anew: bool) -> Speaker:
        speaker = self._find(anew)
        speaker.volume = self._volume
        return speaker

    def _let_go(self) -> None:
        speaker, self._speaker = self._speaker, None
        if speaker is not None:
            speaker.close()
