"""A microphone and a speaker that pass everything on, for those that do one thing more around another one."""

from __future__ import annotations

from collections.abc import Iterator

from skill.messages import AudioBlock, Speech
from skill.stages import Microphone, Speaker


class MicrophonePassingOn:
    def __init__(self, microphone: Microphone) -> None:
        self._microphone = microphone

    def blocks(self) -> Iterator[AudioBlock]:
        return self._microphone.blocks()

    def flush(self) -> None:
        self._microphone.flush()

    def close(self) -> None:
        self._microphone.close()


class SpeakerPassingOn:
    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    @property
    def volume(self) -> int:
        return self._speaker.volume

    @volume.setter
    def volume(self, percent: int) -> None:
        self._speaker.volume = percent

    def play(self, speech: Speech) -> bool:
        return self._speaker.play(speech)

    def prepare(self) -> None:
        self._speaker.prepare()

    def stop(self) -> None:
        self._speaker.stop()

    def close(self) -> None:
        self._speaker.close()
