"""The sound of one utterance, with its long pauses shortened: Whisper often stops writing where nothing is said for a second."""

from __future__ import annotations

from skill.hearing.resampling import RECOGNISER_RATE_HZ
from skill.messages import PCM_BYTES_PER_SAMPLE

PAUSE_SECONDS = 0.5  # of six sentences in three voices, broken off in the middle, none was worse with this than with half of it
_ONSET_SECONDS = 0.15  # before the speech that ends a pause: what voice activity takes for silence may be the breath of its first letter
_BYTES_PER_SECOND = RECOGNISER_RATE_HZ * PCM_BYTES_PER_SAMPLE


class SpokenSound:
    """16-bit mono at 16 kHz. start_seconds: where it begins, from the start of listening."""

    def __init__(self, start_seconds: float = 0.0) -> None:
        self.start_seconds = start_seconds
        self._kept = bytearray()
        self._left_out = bytearray()
        self._cuts: list[tuple[int, int]] = []  # after how many bytes, how many bytes are left out

    @classmethod
    def of(cls, pcm: bytes) -> SpokenSound:
        """Without any pause."""
        sound = cls()
        sound.add(pcm, silence_seconds=0.0)
        return sound

    @property
    def pcm(self) -> bytes:
        return bytes(self._kept)

    @property
    def seconds(self) -> float:
        """Of what was kept."""
        return len(self._kept) / _BYTES_PER_SECOND

    def add(self, pcm: bytes, silence_seconds: float) -> None:
        """silence_seconds: how long the pause is at the end of this piece; 0 while somebody speaks."""
        if silence_seconds > PAUSE_SECONDS:
            self._left_out += pcm
            return
        if self._left_out:
            onset = self._left_out[-round(_ONSET_SECONDS * RECOGNISER_RATE_HZ) * PCM_BYTES_PER_SAMPLE :]
            self._cuts.append((len(self._kept), len(self._left_out) - len(onset)))
            self._kept += onset
            self._left_out.clear()
        self._kept += pcm

    def when(self, seconds: float) -> float:
        """From the start of listening: where in time a place in `pcm` was."""
        place = seconds * _BYTES_PER_SECOND
        return self.start_seconds + seconds + sum(length for at, length in self._cuts if at < place) / _BYTES_PER_SECOND
