"""The microphone and the speaker as signs of life: a piece of sound that the listener took up, a line that was spoken.

They come from where the work is done, and not from a clock: a loop that hangs gives none, and is ended and started anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from skill.messages import AudioBlock, Speech
from skill.service import Vitals
from skill.stages import Microphone, Speaker
from skill.state import SPEAKING


class WatchedMicrophone:
    def __init__(self, microphone: Microphone, vitals: Vitals) -> None:
        self._microphone = microphone
        self._vitals = vitals

    def blocks(self) -> Iterator[AudioBlock]:
        for block in self._microphone.blocks():
            self._vitals.alive()
            self._vitals.listening()
            yield block

    def flush(self) -> None:
        self._microphone.flush()

    def close(self) -> None:
        self._microphone.close()


class WatchedSpeaker:
    def __init__(self, speaker: Speaker, vitals: Vitals) -> None:
        self._speaker = speaker
        self._vitals = vitals

    @property
    def volume(self) -> int:
        return self._speaker.volume

    @volume.setter
    def volume(self, percent: int) -> None:
        self._speaker.volume = percent

    def play(self, speech: Speech) -> bool:
        self._vitals.speaking()
        to_its_end = self._speaker.play(speech)
        self._vitals.recovered(SPEAKING)
        return to_its_end

    def prepare(self) -> None:
        self._speaker.prepare()

    def stop(self) -> None:
        self._speaker.stop()

    def close(self) -> None:
        self._speaker.close()
