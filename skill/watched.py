"""The microphone and the speaker as signs of life: a piece of sound that the listener took up, a line that was spoken.

They come from where the work is done, and not from a clock: a loop that hangs gives none, and is ended and started anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from skill.devices import hanging_seconds
from skill.messages import AudioBlock, Speech
from skill.passing_on import MicrophonePassingOn, SpeakerPassingOn
from skill.service import Vitals
from skill.stages import Microphone, Speaker
from skill.state import SPEAKING

# A call into the sound system that has been out for so long will not come back: only a new process is rid of it.
HANGS_SECONDS = 60.0


def sign_of_life(vitals: Vitals, hangs_seconds: float = HANGS_SECONDS) -> None:
    """The loop turns. Kept back while the sound system hangs for longer than this, so that systemd starts the program anew."""
    if hanging_seconds() < hangs_seconds:
        vitals.alive()


class WatchedMicrophone(MicrophonePassingOn):
    def __init__(self, microphone: Microphone, vitals: Vitals) -> None:
        super().__init__(microphone)
        self._vitals = vitals

    def blocks(self) -> Iterator[AudioBlock]:
        for block in super().blocks():
            sign_of_life(self._vitals)
            self._vitals.listening()
            yield block


class WatchedSpeaker(SpeakerPassingOn):
    def __init__(self, speaker: Speaker, vitals: Vitals) -> None:
        super().__init__(speaker)
        self._vitals = vitals

    def play(self, speech: Speech) -> bool:
        self._vitals.speaking()
        to_its_end = super().play(speech)
        self._vitals.recovered(SPEAKING)
        return to_its_end
